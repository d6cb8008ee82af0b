"""Routes: nothing is built before it is used, and the first matching one is found."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from starlette.datastructures import QueryParams

from gsmgw.http.json_response import JSONResponse
from gsmgw.http.routes import Router, RouteTable


def app_of(*routers: Router) -> tuple[httpx.AsyncClient, RouteTable]:
    app, table = FastAPI(openapi_url=None), RouteTable(routers)
    app.router.routes.append(table)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x"), table


def router(prefix: str = "/v1/things", **options: Any) -> Router:
    made = Router(prefix, **options)

    @made.get("")
    async def index() -> JSONResponse:
        return JSONResponse({"is": "index"})

    @made.get("/best")
    async def best() -> JSONResponse:
        return JSONResponse({"is": "best"})

    @made.get("/{name}")
    async def show(name: str, size: int = 1) -> JSONResponse:
        return JSONResponse({"is": name, "size": size})

    @made.delete("/{name}", status_code=204)
    async def remove(name: str) -> JSONResponse:
        return JSONResponse({"removed": name})

    return made


async def test_a_route_is_built_with_its_first_request() -> None:
    client, table = app_of(router())
    assert not any("built" in vars(route) for route in table.routes)
    assert (await client.get("/v1/things/best")).json() == {"is": "best"}
    assert [route.path for route in table.routes if "built" in vars(route)] == ["/v1/things/best"]


async def test_the_first_route_that_matches_answers() -> None:
    client, table = app_of(router(), router("/v1/others"))
    assert (await client.get("/v1/things")).json() == {"is": "index"}
    assert (await client.get("/v1/things/other?size=3")).json() == {"is": "other", "size": 3}
    assert (await client.delete("/v1/others/x")).json() == {"removed": "x"}
    assert (await client.get("/v1/things/other?size=x")).status_code == 422
    assert (await client.post("/v1/things")).status_code == 405
    assert (await client.get("/v1/nothing")).status_code == 404
    assert (await client.get("/v1")).status_code == (await client.get("/")).status_code == 404
    assert table.methods_at("/v1/things/best") == ["GET", "HEAD"]  # the exact path, not /{name}
    assert table.methods_at("/v1/things/any") == ["DELETE", "GET", "HEAD"]
    assert table.methods_at("/v1/things/any/thing") == []


async def test_a_parameter_may_be_the_second_part_of_a_path() -> None:
    made = Router()

    async def rest(request: Request, rest: str) -> JSONResponse:
        return JSONResponse({"rest": rest, "method": request.method})

    made.add("/old/{rest:path}", rest, "GET", "POST")
    client, _ = app_of(made)
    assert (await client.post("/old/a/b/c")).json() == {"rest": "a/b/c", "method": "POST"}
    assert (await client.get("/old/a")).json() == {"rest": "a", "method": "GET"}


async def test_the_query_is_checked_before_the_endpoint() -> None:
    seen: list[tuple[str, list[str]]] = []
    made = router(check_query=lambda given, endpoint: seen.append((endpoint.__name__, list(QueryParams(given)))))
    client, _ = app_of(made)
    await client.get("/v1/things?a=1&b=2")
    await client.get("/v1/things/best")
    assert seen == [("index", ["a", "b"])]


@pytest.mark.parametrize(
    "module", ["httpx", "rich", "sqlite_utils", "jinja2", "paho", "aiosmtpd", "aiosmtplib", "liquid", "lark"]
)
def test_a_start_imports_nothing_large_that_it_may_not_need(module: str) -> None:
    code = "import json, sys, gsmgw.cli.run, gsmgw.daemon.gateway; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert module not in json.loads(done.stdout)
