"""Refusals around orders."""

from duebook.domain.errors.base import Invalid, NotAllowed


class OrderNeedsItems(Invalid):
    code = "order_needs_items"
    field = "items"
    message = "Add at least one item."


class QuantityNotPositive(Invalid):
    code = "quantity_not_positive"
    field = "quantity"
    message = "Enter a quantity above zero."


class PriceNegative(Invalid):
    code = "price_negative"
    field = "unit_price"
    message = "A price is zero or more. To lower the total, add a discount."


class ItemNeedsDescription(Invalid):
    code = "item_needs_description"
    field = "description"
    message = "Say what this item is."


class FutureOrderDate(Invalid):
    code = "future_order_date"
    field = "ordered_on"
    message = "{date} is in the future. An order is dated on the day it was placed, at the latest today."


class DueBeforeOrder(Invalid):
    code = "due_before_order"
    field = "due_on"
    message = "An order of {date} cannot be due before that day."


class OrderTotalNegative(Invalid):
    code = "order_total_negative"
    field = "items"
    message = "The order's total would be {total}. Lower the discount."


class OrderBelowApplied(NotAllowed):
    code = "order_below_applied"
    field = "items"
    message = (
        "{applied} has been applied already; the new total would be {total}. Release or undo a payment first."
    )


class StillApplied(NotAllowed):
    code = "still_applied"
    message = (
        "{applied} is applied to {number}. Undo the payments, or release them to credit on account first."
    )


class AlreadyVoid(NotAllowed):
    code = "already_void"
    message = "{number} is void already."


class AlreadyCancelled(NotAllowed):
    code = "already_cancelled"
    message = "Order {number} is cancelled already."
