"""Products: the list, adding, editing."""

from django.db.models.functions import Lower
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from duebook.catalog.models import Product
from duebook.catalog.queries import products
from duebook.catalog.services.add_product import add_product
from duebook.catalog.services.edit_product import edit_product
from duebook.domain.permissions import Right
from duebook.events.rows import row_by_id
from duebook.web.forms.products import ProductForm
from duebook.web.notices import add_notice
from duebook.web.paging import page_of
from duebook.web.request import StaffRequest, actor_of, requires


@require_safe
def product_list(request: StaffRequest) -> HttpResponse:
    """All products by name, or those whose name or SKU contains a text."""
    text = request.GET.get("q", "").strip()[:100]
    page = page_of(products(text).annotate(name_key=Lower("name")), ("name_key", "id"), request.GET)
    return render(request, "web/products/list.html", {"page": page, "text": text})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.EDIT_PRODUCTS)
def product_add(request: StaffRequest) -> HttpResponse:
    """Add a product, priced in the business's currency."""
    form = ProductForm(request.POST or None, business=request.business)
    if form.is_valid():
        product = form.carry_out(
            request.business,
            lambda: add_product(details=form.details(), request_key=form.key, actor=actor_of(request)),
        )
        if product is not None:
            add_notice(request, _("%(name)s added.") % {"name": product})
            return redirect("web:product_list")
    return render(request, "web/products/form.html", {"form": form}, status=form.status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.EDIT_PRODUCTS)
def product_edit(request: StaffRequest, product_id: int) -> HttpResponse:
    """Edit a product; it keeps its currency."""
    product = row_by_id(Product.objects, product_id, "Product")
    form = ProductForm(
        request.POST or None,
        business=request.business,
        currency=product.currency,
        initial=ProductForm.values_of(product),
    )
    if form.carries_out(
        request.business,
        lambda: edit_product(
            product_id=product_id, details=form.details(), request_key=form.key, actor=actor_of(request)
        ),
    ):
        add_notice(request, _("Saved."))
        return redirect("web:product_list")
    context = {"form": form, "product": product}
    return render(request, "web/products/form.html", context, status=form.status)
