"""Routes that cost nothing until they are used.

FastAPI reads the signature of each endpoint and builds the models of its parameters when a route is added, and once
more when a router is included. With 150 routes that is a third of the time until a gateway is ready, for routes of
which most are never used. Here a route is only a path until its first request or until the OpenAPI document is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

from fastapi.routing import APIRoute
from starlette.datastructures import QueryParams
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from gsmgw.http.json_response import JSONResponse

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
#: Checks the query parameters of a request to an endpoint. Raises a problem.
QueryCheck: TypeAlias = Callable[[QueryParams, Callable[..., Any]], None]


class LateRoute(Route):
    """A route with one endpoint.

    ``response_model`` only describes: the routes write their responses themselves, and no serializer is built for it.
    """

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        methods: Sequence[str],
        *,
        response_model: Any = None,
        in_schema: bool = True,
        check_query: QueryCheck | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(path, endpoint, methods=list(methods), include_in_schema=in_schema)
        self.methods = set(methods)  # HEAD is answered before the routes
        self.response_model = response_model
        self.status_code: int = settings.get("status_code") or 200
        self.app = self._serve
        self._check_query = check_query
        self._settings = settings

    @cached_property
    def built(self) -> APIRoute:
        """FastAPI's route."""
        settings = {"response_class": JSONResponse, **self._settings}
        return APIRoute(
            self.path,
            self.endpoint,
            methods=sorted(self.methods or ()),
            include_in_schema=self.include_in_schema,
            response_model=None,
            **settings,
        )

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._check_query is not None and scope["query_string"]:
            self._check_query(QueryParams(scope["query_string"]), self.endpoint)
        await self.built.app(scope, receive, send)


class Router:
    """Routes with the same beginning. ``dependencies`` are FastAPI's, run before each endpoint."""

    def __init__(
        self,
        prefix: str = "",
        *,
        in_schema: bool = True,
        dependencies: Sequence[Any] = (),
        check_query: QueryCheck | None = None,
    ) -> None:
        self.routes: list[LateRoute] = []
        self._prefix = prefix
        self._in_schema = in_schema
        self._dependencies = list(dependencies)
        self._check_query = check_query

    def add(self, path: str, endpoint: Callable[..., Any], *methods: str, **settings: Any) -> None:
        """Add a route."""
        self.routes.append(
            LateRoute(
                self._prefix + path,
                endpoint,
                methods,
                in_schema=self._in_schema,
                check_query=self._check_query,
                dependencies=self._dependencies,
                **settings,
            )
        )

    def get(self, path: str, **settings: Any) -> Callable[[Endpoint], Endpoint]:
        """Add a GET route by its endpoint."""
        return self._adding(path, "GET", settings)

    def post(self, path: str, **settings: Any) -> Callable[[Endpoint], Endpoint]:
        """Add a POST route by its endpoint."""
        return self._adding(path, "POST", settings)

    def put(self, path: str, **settings: Any) -> Callable[[Endpoint], Endpoint]:
        """Add a PUT route by its endpoint."""
        return self._adding(path, "PUT", settings)

    def patch(self, path: str, **settings: Any) -> Callable[[Endpoint], Endpoint]:
        """Add a PATCH route by its endpoint."""
        return self._adding(path, "PATCH", settings)

    def delete(self, path: str, **settings: Any) -> Callable[[Endpoint], Endpoint]:
        """Add a DELETE route by its endpoint."""
        return self._adding(path, "DELETE", settings)

    def _adding(self, path: str, method: str, settings: Mapping[str, Any]) -> Callable[[Endpoint], Endpoint]:
        def add(endpoint: Endpoint) -> Endpoint:
            self.add(path, endpoint, method, **settings)
            return endpoint

        return add


class RouteTable(BaseRoute):
    """All routes, found by the first two parts of their paths."""

    def __init__(self, routers: Iterable[Router]) -> None:
        self.routes = [route for router in routers for route in router.routes]
        self._by_beginning: dict[tuple[str, ...], list[LateRoute]] = {}
        for route in self.routes:
            self._by_beginning.setdefault(_beginning(route.path), []).append(route)

    def near(self, path: str) -> list[LateRoute]:
        """Return the routes that a path may match."""
        first, *second = _beginning(path)
        found = self._by_beginning.get((first, *second), [])
        return [*found, *self._by_beginning.get((first,), [])] if second else found

    def methods_at(self, path: str) -> list[str]:
        """Return the methods of a path. A path that answers GET also answers HEAD."""
        near = self.near(path)
        found = [route for route in near if route.path == path] or [
            each for each in near if each.path_regex.match(path)
        ]
        methods = {method for route in found for method in route.methods or ()}
        return sorted(methods | {"HEAD"} if "GET" in methods else methods)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return the first route with the path and the method, else the first with the path."""
        partial: tuple[Match, Scope] = (Match.NONE, {})
        if scope["type"] != "http":
            return partial
        for route in self.near(scope["path"]):
            match, child = route.matches(scope)
            if match == Match.FULL:
                return match, {**child, "route": route}
            if match == Match.PARTIAL and partial[0] == Match.NONE:
                partial = match, {**child, "route": route}
        return partial

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        await scope["route"].handle(scope, receive, send)


def _beginning(path: str) -> tuple[str, ...]:
    """Return the first two parts of a path, or the first one if the second is a parameter."""
    parts = path.split("/", 3)[1:3]
    return tuple(parts[:1]) if len(parts) > 1 and "{" in parts[1] else tuple(parts)
