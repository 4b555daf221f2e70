"""The truth about all accounts in a form for JSON, for tests to hold a client's view against."""

from nautilus_paradex.devnet.engine.accounts import Account, Position
from nautilus_paradex.devnet.engine.margin import margin_of, unrealized_pnl
from nautilus_paradex.devnet.engine.orders import Order
from nautilus_paradex.devnet.engine.state import VenueState
from nautilus_paradex.protocol.events import FillEvent
from nautilus_paradex.protocol.numbers import e8_to_str

__all__ = ["ledger_of"]


def ledger_of(state: VenueState) -> dict[str, object]:
    """
    Return orders, fills, positions and balances of all accounts, numbers as decimal strings.

    Participants' orders and fills are as long as their bounded history. Times are milliseconds.

    """
    return {
        "at_ms": state.now_us() // 1_000,
        "accounts": {
            address: _account(state, account) for address, account in state.accounts.items()
        },
    }


def _account(state: VenueState, account: Account) -> dict[str, object]:
    margin = margin_of(state, account)
    return {
        "is_house": account.is_house,
        "status": account.status,
        "balances": {token: e8_to_str(size) for token, size in account.tokens.items()},
        "account_value": e8_to_str(margin.value_e8),
        "initial_margin": e8_to_str(margin.initial_e8),
        "maintenance_margin": e8_to_str(margin.maintenance_e8),
        "positions": [_position(state, p) for p in account.positions.values()],
        "orders": [_order(order) for order in account.orders if order.account == account.address],
        "fills": [_fill(fill) for fill in account.fills if fill.account == account.address],
        "funding_payments": [
            {"id": p.id, "market": p.market, "payment": e8_to_str(p.payment_e8)}
            for p in account.funding_payments
            if p.account == account.address
        ],
    }


def _position(state: VenueState, position: Position) -> dict[str, object]:
    return {
        "market": position.market,
        "size": e8_to_str(position.size_e8),
        "cost": e8_to_str(position.cost_e8),
        "average_entry_price": e8_to_str(position.average_entry_e8),
        "realized_pnl": e8_to_str(position.realized_pnl_e8),
        "unrealized_pnl": e8_to_str(unrealized_pnl(state.markets[position.market], position)),
        "last_fill_id": position.last_fill_id,
    }


def _order(order: Order) -> dict[str, object]:
    return {
        "id": order.id,
        "client_id": order.client_id,
        "market": order.market,
        "side": order.side,
        "type": order.order_type,
        "instruction": order.instruction,
        "status": order.status,
        "cancel_reason": order.cancel_reason,
        "size": e8_to_str(order.size_e8),
        "remaining_size": e8_to_str(order.remaining_e8),
        "price": "" if order.price_e8 is None else e8_to_str(order.price_e8),
        "trigger_price": e8_to_str(order.trigger_price_e8 or 0),
        "flags": list(order.flags),
        "stp": order.stp,
        "created_at_ms": order.created_at_us // 1_000,
    }


def _fill(fill: FillEvent) -> dict[str, object]:
    return {
        "id": fill.fill_id,
        "order_id": fill.order_id,
        "client_id": fill.client_order_id,
        "market": fill.market,
        "side": fill.side,
        "liquidity": fill.liquidity,
        "fill_type": fill.fill_type,
        "price": e8_to_str(fill.price or 0),
        "size": e8_to_str(fill.size or 0),
        "fee": e8_to_str(fill.fee or 0),
        "realized_pnl": e8_to_str(fill.realized_pnl or 0),
        "realized_funding": e8_to_str(fill.realized_funding or 0),
        "created_at_ms": (fill.created_at or 0) // 1_000,
    }
