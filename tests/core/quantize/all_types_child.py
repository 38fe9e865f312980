"""A child that makes every type of build of one model, one after the other, with the app's own code.

Types that are slow to make (IQ) are made of the attention only; ``wide`` says what the rest becomes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from app.core.engine.job import serve
from app.core.models.gguf import read_file
from app.core.models.gguf_edit import entries_bytes
from app.core.quantize.job import work
from app.core.quantize.provenance import provenance
from app.core.quantize.wish import Wish


def make_all(request, emit):
    rows = []
    for name, number in request["types"]:
        order = {
            "source": request["source"],
            "file_type": number,
            "overrides": request["wide"] if name.startswith("IQ") else {},
            "imatrix": request["imatrix"],
            "expect_imatrix": False,
        }
        planned = work({**order, "operation": "plan"}, emit)
        target = Path(request["folder"]) / f"{name}.gguf"
        making = {"target": str(target), "parts": [request["source"]], "hashes": ["0" * 64]}
        metadata = provenance([Path(request["source"])], "F16", Wish(name), name, None)
        making |= {"metadata": metadata, "reserve_bytes": len(entries_bytes(metadata))}
        made = work({**order, **making, "operation": "make"}, emit)
        bits = read_file(target).bits_per_weight
        row = {"type": name, "types": dict(planned["types"]), "bits": bits}
        rows.append({**row, "sample": made["sample"]})
    return {"rows": rows}


if __name__ == "__main__":
    sys.exit(serve(make_all))
