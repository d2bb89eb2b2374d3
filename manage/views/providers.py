"""`/manage/providers`"""

from manage.operations import Call, Resource
from manage.schemas.providers import ProviderView
from manage.schemas.schema import Nothing, Page

resource = Resource("providers")


@resource.get("/providers", takes=Nothing, returns=Page[ProviderView])
async def list_providers(call: Call[Nothing]) -> Page[ProviderView]:
    """List the providers that this installation knows, all of them."""
    data = [ProviderView.of(provider) for provider in call.service.providers]
    return Page(data=data, next_cursor=None)
