"""What happens to accounts other than by their orders: busts, liquidation, transfers, money.

Each is carried out and told at once. A test or a trainee asks for them; only liquidation also
happens by itself, to an account below its maintenance margin.
"""

import msgspec

from nautilus_paradex.devnet.engine.accounts import Account
from nautilus_paradex.devnet.engine.executor import Engine
from nautilus_paradex.devnet.engine.model import (
    SETTLEMENT_ASSET,
    OrderRefused,
    TradeBust,
    TransferRecord,
)
from nautilus_paradex.devnet.engine.moves import Move, carry_out
from nautilus_paradex.devnet.engine.orders import Order, opposite
from nautilus_paradex.devnet.engine.outbox import Outbox
from nautilus_paradex.devnet.engine.posting import open_interest, reverse
from nautilus_paradex.devnet.engine.state import MarketState, VenueState
from nautilus_paradex.protocol.enums import (
    AccountStatus,
    CancelReason,
    ErrorCode,
    FillType,
    OrderInstruction,
    OrderSide,
    OrderStatus,
    OrderType,
    StpMode,
    TransferDirection,
    TransferKind,
    TransferStatus,
)
from nautilus_paradex.protocol.events import FillEvent
from nautilus_paradex.protocol.numbers import E8

__all__ = ["Interventions"]


class Interventions:
    """
    The venue's own hand.

    Every method raises `OrderRefused` for an account that is not open, a market that is not
    listed, or an amount that is not there.

    Parameters
    ----------
    state : VenueState
    engine : Engine
        Closes the orders of an account that is liquidated.
    outbox : Outbox

    """

    def __init__(self, state: VenueState, engine: Engine, outbox: Outbox) -> None:
        self._state = state
        self._engine = engine
        self._outbox = outbox

    def bust(self, fill_id: str) -> list[str]:
        """
        Take a trade back from every account that has it; return their addresses.

        Positions and balances are as if both sides had traded back at the same price, fees are
        given back; fills and orders stay in the history (guess). Of a trade whose other side is
        forgotten the insurance account stands in for it.

        """
        sides = [
            (account, fill)
            for account in tuple(self._state.accounts.values())
            for fill in account.fills
            if fill.fill_id == fill_id and fill.account == account.address
        ]
        if not sides or any(b.fill_id == fill_id for b in sides[0][0].tradebusts):
            raise OrderRefused(ErrorCode.NOT_FOUND, f"no fill to take back, was {fill_id!r}")
        if len(sides) == 1:
            sides.append((self._state.insurance, _other_side(sides[0][1])))
        market = self._state.market(sides[0][1].market or "")
        accounts = [account for account, _ in sides]
        now = self._state.now_us()
        long_before = open_interest(market, *accounts)
        for account, fill in sides:
            funding = reverse(self._state, market, account, fill, now)
            record = TradeBust(account=account.address, fill_id=fill_id, created_at_us=now)
            account.tradebusts.append(now, record)
            self._outbox.private(record, account.address)
            if funding is not None:
                self._outbox.private(funding, account.address)
            self._outbox.position(market, account.address)
            self._outbox.account(account)
        market.open_interest_e8 += open_interest(market, *accounts) - long_before
        self._outbox.flush(market)
        return [account.address for account in accounts]

    def liquidate(self, address: str) -> list[str]:
        """
        Close an account's orders and hand its positions to the insurance account at the mark.

        Returns the ids of the LIQUIDATION fills. All at once, without a fee and without orders, and
        a debt that is left is paid by the insurance account (guesses). The status stays LIQUIDATION
        until the next check of the account's health.

        """
        account = self._state.account(address)
        account.status = AccountStatus.LIQUIDATION.value
        self._outbox.account(account)
        self._engine.close_all(account, CancelReason.IN_LIQUIDATION)
        fill_ids = []
        insurance = self._state.insurance
        for position in [p for p in account.positions.values() if p.size_e8]:
            market = self._state.markets[position.market]
            fill_ids.append(
                self._hand_over(
                    market,
                    account,
                    insurance,
                    position.size_e8,
                    _mark_on_tick(market),
                    FillType.LIQUIDATION,
                )
            )
        debt = max(0, -account.collateral_e8)
        account.credit(SETTLEMENT_ASSET, debt)
        insurance.credit(SETTLEMENT_ASSET, -debt)
        self._outbox.flush()
        return fill_ids

    def transfer_position(
        self, giver: str, taker: str, market: str, size_e8: int, price_e8: int | None = None
    ) -> str:
        """
        Move a signed part of a position to another account; return the id of the fills.

        The fills are of type UNWIND_TRANSFER and name no order (api-notes), at the mark unless a
        price is given.

        """
        listed = self._state.market(market)
        price = _mark_on_tick(listed) if price_e8 is None else price_e8
        _check_amounts(listed, abs(size_e8), price)
        fill_id = self._hand_over(
            listed,
            self._state.account(giver),
            self._state.account(taker),
            size_e8,
            price,
            FillType.UNWIND_TRANSFER,
        )
        self._outbox.flush(listed)
        return fill_id

    def block_trade(self, buyer: str, seller: str, market: str, size_e8: int, price_e8: int) -> str:
        """
        Let two accounts trade away from the book; return the id of the fills.

        Each gets a limit order that is closed at once, since a block trade consists of signed
        orders (openapi); that it shows in the history is a guess. No fee.

        """
        listed = self._state.market(market)
        _check_amounts(listed, size_e8, price_e8)
        buying = self._block_order(buyer, listed, OrderSide.BUY, size_e8, price_e8)
        selling = self._block_order(seller, listed, OrderSide.SELL, size_e8, price_e8)
        move = Move(
            seller=self._state.account(seller),
            buyer=self._state.account(buyer),
            size_e8=size_e8,
            price_e8=price_e8,
            fill_type=FillType.BLOCK_TRADE.value,
            sell_order=selling,
            buy_order=buying,
        )
        fill_id = carry_out(self._state, listed, move, self._outbox)
        self._outbox.order(selling)
        self._outbox.order(buying)
        self._outbox.flush(listed)
        return fill_id

    def deposit(self, address: str, token: str, amount_e8: int) -> str:
        """Add to a balance; return the transfer's id."""
        return self._transfer(address, token, amount_e8, TransferKind.DEPOSIT)

    def withdraw(self, address: str, token: str, amount_e8: int) -> str:
        """Take from a balance what is there; return the transfer's id."""
        account = self._state.account(address)
        held = account.tokens.get(token, 0)
        if amount_e8 > held:
            raise OrderRefused(
                ErrorCode.VALIDATION_ERROR,
                f"cannot withdraw {amount_e8}e-8 {token}: the account holds {held}e-8",
            )
        return self._transfer(address, token, amount_e8, TransferKind.WITHDRAWAL)

    # -- Inside ----------------------------------------------------------------------------------

    def _hand_over(
        self,
        market: MarketState,
        giver: Account,
        taker: Account,
        signed_e8: int,
        price_e8: int,
        fill_type: FillType,
    ) -> str:
        seller, buyer = (giver, taker) if signed_e8 > 0 else (taker, giver)
        move = Move(
            seller=seller,
            buyer=buyer,
            size_e8=abs(signed_e8),
            price_e8=price_e8,
            fill_type=fill_type.value,
        )
        return carry_out(self._state, market, move, self._outbox)

    def _block_order(
        self, address: str, market: MarketState, side: OrderSide, size_e8: int, price_e8: int
    ) -> Order:
        now = self._state.now_us()
        order = Order(
            id=self._state.ids.order_id(),
            account=address,
            market=market.symbol,
            side=side.value,
            order_type=OrderType.LIMIT.value,
            instruction=OrderInstruction.GTC.value,
            size_e8=size_e8,
            price_e8=price_e8,
            trigger_price_e8=None,
            stp=StpMode.EXPIRE_TAKER.value,
            flags=(),
            client_id="",
            created_at_us=now,
            signature_timestamp_ms=now // 1_000,
            updated_at_us=now,
            seq=0,
            status=OrderStatus.CLOSED.value,
            filled_e8=size_e8,
            filled_notional_e8=size_e8 * price_e8 // E8,
        )
        self._state.account(address).orders.add(order)
        return order

    def _transfer(self, address: str, token: str, amount_e8: int, kind: TransferKind) -> str:
        account = self._state.account(address)
        now = self._state.now_us()
        is_deposit = kind == TransferKind.DEPOSIT
        account.credit(token, amount_e8 if is_deposit else -amount_e8)
        account.updated_at_us = now
        entry = TransferRecord(
            id=self._state.ids.order_id(),
            account=account.address,
            kind=kind.value,
            direction=(TransferDirection.IN if is_deposit else TransferDirection.OUT).value,
            token=token,
            amount_e8=amount_e8,
            status=TransferStatus.COMPLETED.value,
            created_at_us=now,
        )
        account.transfers.append(now, entry)
        self._outbox.private(entry, account.address)
        self._outbox.account(account)
        self._outbox.flush()
        return entry.id


def _other_side(fill: FillEvent) -> FillEvent:
    return msgspec.structs.replace(fill, side=opposite(fill.side or ""), fee=0)


def _mark_on_tick(market: MarketState) -> int:
    """Return the mark on the price tick: only there every notional is exact."""
    tick = market.spec.price_tick_e8
    return max(tick, market.pricing.mark_e8 // tick * tick)


def _check_amounts(market: MarketState, size_e8: int, price_e8: int) -> None:
    steps = {"size": (size_e8, market.spec.size_increment_e8)}
    steps["price"] = (price_e8, market.spec.price_tick_e8)
    for name, (amount_e8, step_e8) in steps.items():
        if amount_e8 <= 0 or amount_e8 % step_e8:
            raise OrderRefused(
                ErrorCode.VALIDATION_ERROR,
                f"{name} must be a positive multiple of {step_e8}e-8, was {amount_e8}e-8",
            )
