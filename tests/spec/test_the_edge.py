"""The edge: what people, probes, proxies and a second server meet before any room."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.cast import Server
from tests.server import SOURCE, ServerProcess

HTML = {"accept": "text/html,application/xhtml+xml"}


@pytest.mark.parametrize("path", ["/nowhere", "/r/K7PM/not/a/message", "/assets/gone.js"])
async def test_a_person_who_goes_astray_sees_the_page_and_a_program_a_problem(server: Server, path: str) -> None:
    http = await server.browser()
    page = await http.get(path, headers=HTML)
    assert (page.status_code, page.headers["content-type"].partition(";")[0]) == (404, "text/html")
    problem = await http.get(path)
    assert (problem.status_code, problem.json()["code"]) == (404, "not_found")


async def test_the_api_answers_problems_even_to_a_browser(server: Server) -> None:
    http = await server.browser()
    answer = await http.get("/api/v1/nowhere", headers=HTML)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/", "/r/K7PM", "/health/live", "/health/ready", "/metrics"])
async def test_a_monitor_may_ask_with_head(server: Server, path: str) -> None:
    http = await server.browser()
    answer = await http.head(path)
    assert (answer.status_code, answer.content) == (200, b"")


async def test_metrics_hide_from_whoever_came_through_an_undeclared_proxy(server: Server) -> None:
    http = await server.browser()
    assert (await http.get("/metrics")).status_code == 200
    assert (await http.get("/metrics", headers={"x-forwarded-for": "203.0.113.9"})).status_code == 404


def test_a_second_server_for_the_same_data_is_refused_in_a_sentence(shared_process: ServerProcess) -> None:
    data_dir = str(shared_process.data_dir)
    command = [sys.executable, "-m", "parlour.cli", "serve", "--host", "127.0.0.1", "--port", "0", "--data", data_dir]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    second = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=environment)
    assert second.returncode == 1
    assert second.stderr == (
        f"parlour: another Parlour serves {shared_process.database} already. "
        "Stop it, or give this one another database.\n"
    )
