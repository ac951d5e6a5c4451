"""The allow-list: what may be dialled, by whatever name it is called."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import SourceError
from edge_agent.credentials import Login
from edge_agent.ingest.camera_url import allowed_address, parse_camera_url

NETWORKS = ("10.0.0.0/8", "192.168.0.0/16", "fd00::/8")


def dialled(url: str, found: str = "10.0.0.7") -> str:
    camera = parse_camera_url(url)
    return camera.dialled(allowed_address(camera, NETWORKS, lambda *_: [found]), None)


@pytest.mark.parametrize(
    ("url", "found", "wanted"),
    [
        ("rtsp://10.1.2.3/a?b=c", "", "rtsp://10.1.2.3:554/a?b=c"),
        ("rtsps://10.1.2.3", "", "rtsps://10.1.2.3:322/"),
        ("rtsp://till.shop:8554/a", "10.0.0.7", "rtsp://10.0.0.7:8554/a"),
        ("rtsp://till.shop/a", "::ffff:10.0.0.7", "rtsp://10.0.0.7:554/a"),
        ("rtsp://[fd00::1]:99/a", "", "rtsp://[fd00::1]:99/a"),
        ("rtsp://[::ffff:192.168.1.1]/a", "", "rtsp://192.168.1.1:554/a"),
        ("rtsp://[64:ff9b::10.0.0.1]/", "", "rtsp://10.0.0.1:554/"),
    ],
)
def test_the_literal_that_was_checked_is_dialled(url: str, found: str, wanted: str) -> None:
    assert dialled(url, found) == wanted


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://8.8.8.8/",
        "rtsp://127.0.0.1/",
        "rtsp://[::1]/",
        "rtsp://[::ffff:8.8.8.8]/",
        "rtsp://[64:ff9b::8.8.8.8]/",
        "rtsp://[2002:0808:0808::1]/",
        "rtsp://169.254.169.254/latest",
    ],
)
def test_addresses_outside_are_refused(url: str) -> None:
    with pytest.raises(SourceError, match="camera_networks"):
        dialled(url)


def test_a_name_that_leads_outside_or_nowhere_is_refused() -> None:
    with pytest.raises(SourceError, match="camera_networks"):
        dialled("rtsp://till.shop/", "93.184.216.34")
    camera = parse_camera_url("rtsp://till.shop/")
    with pytest.raises(SourceError, match="resolved"):
        allowed_address(camera, NETWORKS, lambda *_: [])


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1/",
        "file:///etc/passwd",
        "RTMP://10.0.0.1/",
        "rtsp+http://10.0.0.1/",
        "concat:rtsp://10.0.0.1/",
        "rtsp://user:hunter2@10.0.0.1/",
        "rtsp://@10.0.0.1/",
        "rtsp://10.0.0.1:0/",
        "rtsp://10.0.0.1:99999/",
        "rtsp://10.0.0.1:x/",
        "rtsp:///path",
        "rtsp://10.0.0.1/\r\nHost: x",
        "rtsp://10.0.0.1\\@8.8.8.8/",
        "rtsp://[10.0.0.1/",
        "",
    ],
)
def test_other_urls_are_refused_without_showing_them(url: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse_camera_url(url)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_login_is_quoted_into_the_url() -> None:
    camera = parse_camera_url("rtsp://10.0.0.1/a")
    address = ipaddress.ip_address("10.0.0.1")
    url = camera.dialled(address, Login("ad min", "p@ss:/#"))
    assert url == "rtsp://ad%20min:p%40ss%3A%2F%23@10.0.0.1:554/a"


@given(st.text(max_size=60))
def test_any_text_is_a_camera_inside_the_networks_or_an_error(text: str) -> None:
    for url in (text, f"rtsp://{text}", f"rtsp://10.0.0.1{text}"):
        try:
            camera = parse_camera_url(url)
            address = allowed_address(camera, NETWORKS, lambda *_: ["10.9.9.9"])
        except SourceError:
            continue
        assert any(address in ipaddress.ip_network(network) for network in NETWORKS)
        assert "@" not in camera.dialled(address, None).partition("//")[2].partition("/")[0]
