"""The gateway's routes."""

from __future__ import annotations

import time
from collections.abc import Mapping

import sqlalchemy as sa
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from contracts.errors import CloudError
from orchestration.gateway import requests
from orchestration.gateway.intake import Intake
from orchestration.gateway.metrics import Metrics
from orchestration.gateway.requests import Refusal
from orchestration.storage.objects import Landing, LandingFullError


def create_app(database: sa.Engine, landing: Landing, tokens: Mapping[str, str]) -> Starlette:
    """The gateway as an ASGI application; `tokens` maps a store to its token's SHA-256 (hex)."""
    gateway = Gateway(Intake(database, landing), tokens)
    return Starlette(
        routes=[
            Route("/v1/batches/{store}/{boot}/{seq}", gateway.put, methods=["PUT"]),
            Route("/health", gateway.health, methods=["GET"]),
            Route("/metrics", gateway.metrics, methods=["GET"]),
        ]
    )


class Gateway:
    """Answers requests; every error is one line of JSON and never ends it."""

    def __init__(self, intake: Intake, tokens: Mapping[str, str]) -> None:
        self._intake = intake
        self._tokens = dict(tokens)
        self._registry = CollectorRegistry()
        self._metrics = Metrics(self._registry)

    async def put(self, request: Request) -> Response:
        """201 new, 200 the same again, 409 another content, 400/401/408/413/422/503/507."""
        began = time.perf_counter()
        try:
            response = await self._receive(request)
        except Refusal as refusal:
            response = _error(refusal.status, refusal.reason)
        except LandingFullError as error:
            response = _error(507, str(error))
        except CloudError as error:
            response = _error(503, str(error))
        self._metrics.answered(response.status_code, time.perf_counter() - began)
        return response

    async def health(self, _: Request) -> Response:
        """200 while the ledger answers, else 503."""
        try:
            await run_in_threadpool(self._intake.check)
        except CloudError as error:
            return _error(503, str(error))
        return JSONResponse({"ok": True})

    async def metrics(self, _: Request) -> Response:
        """Prometheus text."""
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)

    async def _receive(self, request: Request) -> Response:
        requests.check_token(request, request.path_params["store"], self._tokens)
        name = requests.name_of(request)
        claims = requests.claims_of(request)
        body = await requests.body_of(request)
        batch = await run_in_threadpool(requests.checked, name, claims, body)
        received = await run_in_threadpool(self._intake.receive, batch)
        if received.verdict == "other":
            return JSONResponse(
                {"error": "the name is taken by another content", "sha256": received.sha256}, 409
            )
        if received.verdict == "same":
            return JSONResponse({"records": batch.records, "sha256": batch.sha256}, 200)
        self._metrics.landed(batch.lane, batch.records, len(body))
        return JSONResponse({"records": batch.records, "sha256": batch.sha256}, 201)


def _error(status: int, reason: str) -> Response:
    return JSONResponse({"error": " ".join(reason.split())}, status)
