"""Speed: published measurements, calibration, and what must never happen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.core.advice.catalog_facts import build_of_unknown, builds_of_model, shape_of_model
from app.core.advice.facts import Origin
from app.core.advice.results import RunSettings
from app.core.advice.speed import (
    active_bytes,
    active_weights,
    estimate_speed,
    nominal_bandwidth,
)
from app.core.hardware.machine import Bandwidth, BandwidthSource, Device, DeviceKind
from app.core.models.catalog import load_catalog
from tests.machines import machine

SERVER = machine("server-2-cores")
SETTINGS = RunSettings(4096, threads=2)


@pytest.fixture(scope="module")
def catalog():
    return load_catalog()


def mac(name, giga):
    """A Mac whose device has so much bandwidth."""
    base = machine("apple-m2-16gb")
    speed = Bandwidth(giga * 1e9, BandwidthSource.NOMINAL)
    device = Device(
        "Metal", name, DeviceKind.INTEGRATED, 2**37, 2**37, shared=True, bandwidth=speed
    )
    return replace(base, devices=(device,))


def dense(quant, gib, parameters):
    return build_of_unknown("x", quant, int(gib * 2**30), int(parameters))


@pytest.mark.parametrize(
    ("giga", "quant", "gib", "parameters", "published"),
    [
        (800, "Q8_0", 7.54, 7.6e9, 79.7),  # llama.cpp benches: M2 Ultra, Qwen2-7B
        (800, "Q4_0", 2.35, 3.9e9, 134.3),  # gemma3-4B
        (273, "Q8_0", 7.54, 7.6e9, 29.4),  # DGX Spark
        (273, "Q4_0", 2.35, 3.9e9, 81.0),
    ],
)
def test_published_devices_lie_in_the_range(giga, quant, gib, parameters, published):
    shape, build = dense(quant, gib, parameters)
    settings = replace(SETTINGS, gpu_layers=len(shape.layers) + 1, flash_attention=True)
    found = estimate_speed(mac("some device", giga), shape, build, settings, "Metal")
    assert found.low <= published <= found.high
    assert found.middle == pytest.approx(published, rel=0.35)


@pytest.mark.parametrize(
    ("quant", "megabytes", "measured"),
    [
        ("F16", 444, 38),
        ("Q8_0", 236, 55),
        ("Q6_K", 183, 71),
        ("Q4_K_M", 140, 89),
        ("Q4_0", 134, 78),
        ("IQ4_XS", 128, 56),
        ("Q3_K_M", 119, 88),
        ("Q2_K", 97, 102),
        ("IQ2_M", 88, 68),
    ],
)
def test_types_on_two_cores(quant, megabytes, measured):
    """0.22B of twelve layers, measured on two cores: where the rates of a core come from."""
    shape, build = build_of_unknown("x", quant, int(megabytes * 1e6), 222_000_000)
    fast = replace(SERVER, memory_bandwidth=Bandwidth(25e9, BandwidthSource.MEASURED))
    found = estimate_speed(fast, shape, build, replace(SETTINGS, context_length=256))
    assert found.low <= measured <= found.high


def test_only_used_experts_count(catalog):
    model = catalog.model("qwen3-30b-a3b-instruct-2507")
    shape, build = shape_of_model(model), builds_of_model(model)[0]
    assert active_weights(shape, build) == pytest.approx(model.active_parameters, rel=0.2)
    assert active_bytes(shape, build) < 0.2 * build.weights.total_bytes


def test_depth_costs(catalog):
    model = catalog.model("qwen3-4b-instruct-2507")
    shape, build = shape_of_model(model), builds_of_model(model)[5]
    short, long = (
        estimate_speed(SERVER, shape, build, replace(SETTINGS, context_length=length))
        for length in (256, 8192)
    )
    assert short.middle > long.middle


def test_a_measurement_replaces_the_range():
    shape, build = dense("Q4_K_M", 2.3, 4e9)
    found = estimate_speed(SERVER, shape, replace(build, measured_tokens_per_s=7.5), SETTINGS)
    assert (found.low, found.high, found.origin) == (7.5, 7.5, Origin.MEASURED)


def test_an_unmeasured_machine_has_a_wider_range():
    shape, build = dense("Q4_K_M", 2.3, 4e9)
    unmeasured = replace(SERVER, memory_bandwidth=None)
    known, unknown = (estimate_speed(one, shape, build, SETTINGS) for one in (SERVER, unmeasured))
    assert unknown.high / unknown.low > known.high / known.low


def test_layers_on_a_device_make_it_faster():
    shape, build = dense("Q4_K_M", 4.6, 8e9)
    gaming = machine("nvidia-24gb")
    settings = replace(SETTINGS, threads=16)
    speeds = [
        estimate_speed(gaming, shape, build, replace(settings, gpu_layers=layers), "CUDA0").middle
        for layers in (0, 11, 22, 33)
    ]
    assert speeds == sorted(speeds)
    assert speeds[-1] > 5 * speeds[0]


@pytest.mark.parametrize(
    ("name", "giga"),
    [
        ("NVIDIA GeForce RTX 4090", 1008),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", 576),
        ("Apple M2 Max", 400),
        ("Apple M2", 100),
        ("AMD Radeon RX 7900 XTX", 960),
        ("Intel(R) Arc(TM) A770 Graphics", 560),
    ],
)
def test_data_sheets(name, giga):
    assert nominal_bandwidth(name) == giga * 1e9


def test_an_unknown_device():
    assert nominal_bandwidth("Frobnicator 12") is None
    assert nominal_bandwidth("") is None
