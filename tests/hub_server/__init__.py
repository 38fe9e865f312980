"""A model hub on the loopback interface that the real huggingface_hub client talks to, with scripted faults."""

from tests.hub_server.faults import Fault
from tests.hub_server.repos import FakeFile, FakeRepo
from tests.hub_server.server import HubServer

__all__ = ["FakeFile", "FakeRepo", "Fault", "HubServer"]
