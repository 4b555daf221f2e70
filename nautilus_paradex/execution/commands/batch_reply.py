"""What the reply to a batch of orders says of each of them. Pure functions.

The venue does not say how its two lists, of orders placed and of refusals, go with the batch
(openapi): both forms are read, one entry for each order or only those that there are.
"""

from collections.abc import Sequence

from nautilus_paradex.protocol.rest import BatchError, BatchOrders, Order

__all__ = ["outcomes_of"]


def outcomes_of(
    reply: BatchOrders,
    client_ids: Sequence[str],
) -> list[Order | BatchError | None]:
    """
    Return what became of each order of a batch: placed, refused, or None where that is open.

    Parameters
    ----------
    reply : BatchOrders
        The venue's reply.
    client_ids : sequence of str
        The client ids of the batch, in its order.

    """
    placed = _placed(reply.orders or [], client_ids)
    refused = iter(_refusals(reply.errors or [], [order is None for order in placed]))
    return [next(refused, None) if order is None else order for order in placed]


def _placed(
    orders: Sequence[Order | None],
    client_ids: Sequence[str],
) -> list[Order | None]:
    """Orders name themselves; one without a client id stands where it does in the batch."""
    named = {order.client_id: order for order in orders if order is not None and order.id}
    by_place = orders if len(orders) == len(client_ids) else [None] * len(client_ids)
    return [
        named.get(client_id) or (order if order is not None and not order.client_id else None)
        for client_id, order in zip(client_ids, by_place, strict=True)
    ]


def _refusals(
    errors: Sequence[BatchError | None],
    are_missing: Sequence[bool],
) -> list[BatchError | None]:
    """Return a refusal for each order that is missing, as far as it is certain which is whose."""
    if len(errors) == len(are_missing):
        return [_said(e) for e, is_missing in zip(errors, are_missing, strict=True) if is_missing]
    refusals = [error for error in errors if _said(error) is not None]
    return refusals if len(refusals) == sum(are_missing) else []


def _said(error: BatchError | None) -> BatchError | None:
    return error if error is not None and (error.error or error.message) else None
