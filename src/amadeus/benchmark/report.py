"""The page, the numbers and the picture of a benchmark."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from amadeus.benchmark.floors import Floor, Machine, floor_of
from amadeus.benchmark.picture import draw
from amadeus.benchmark.suite import EXTRA, Results, missing_extra
from amadeus.benchmark.timing import AXES, Load, Measured, by_system, short
from amadeus.reports.provenance import provenance_of
from amadeus.reports.report import Report, Table

_FIGURES = "Notes per second of all pieces together: median of the rounds (slowest to fastest)."
_RATIOS = "how many times faster the first system is, in the same rounds."


def report_on(results: Results, command: str) -> Report:
    """The report of a benchmark."""
    tables = []
    if "systems" in results.timed:
        tables.append(_systems_table(results.timed["systems"]))
    for name in AXES:
        if name in results.timed:
            tables += _axis_tables(name, results.timed[name])
    if "presets" in results.timed:
        tables.append(_presets_table(results))
    if results.starts:
        tables.append(_starts_table(results))
    picture = draw(results.timed, results.settings.presets)
    return Report(
        title="How fast it composes",
        summary=_summary(results),
        tables=tables,
        values=_values(results),
        provenance=_provenance(results, command),
        pictures={} if picture is None else {"speed": picture},
    )


def missing_note() -> str:
    """How to make the baselines run; empty if they can."""
    missing = missing_extra()
    if not missing:
        return ""
    return (
        f"the baselines are left out, because {' and '.join(missing)} is not installed; run: "
        "pip install 'amadeus-music[benchmark]'"
    )


def _summary(results: Results) -> str:
    network = results.networks[results.settings.model]
    lines = [
        f"`{network.name}`, {network.parameters / 1e6:.1f} M parameters, on "
        f"{describe(results.computer)}. Unless stated otherwise, one piece is composed with "
        f"{Load().steps} steps per note, after {Load().context} rows. All systems take turns in "
        f"{results.settings.rounds} rounds, so that other work on the machine affects them "
        "equally.",
        "The baselines have the same number of parameters, with random weights; their output is "
        "noise, but takes as long as music. *Attributes in turn* combines our generator in PyTorch "
        "with a small Llama that decodes the attributes of a note in turn. *Flat tokens* is a "
        "Llama on REMI tokens that starts from a cache without content. Both Llamas are those of "
        "`transformers`, with its cache. *Torch without a cache* reads all rows again for every "
        "note, twice.",
    ]
    missing = missing_note()
    return "\n\n".join([*lines, f"In this report, {missing}."] if missing else lines)


def describe(computer: dict[str, Any]) -> str:
    """A short description of the machine."""
    threads = computer["threads"]
    words = [
        computer["processor"],
        f"{computer['cores']} cores",
        f"{threads} thread{'s' if threads > 1 else ''}",
    ]
    if computer["device"]:
        words += [computer["device"], f"kernels {'' if computer['fused'] else 'not '}fused"]
    return ", ".join(words)


def describe_load(computer: dict[str, Any]) -> str:
    """The load of the machine before and after."""
    loads = computer["load_average"]
    if loads["before"] is None:
        return "unknown"
    before, after = (" ".join(f"{load:.2f}" for load in loads[when]) for when in loads)
    return f"{before} before, {after} after (processes over 1, 5 and 15 minutes)"


def _systems_table(measured: list[Measured]) -> Table:
    ours = measured[0]
    rows = [
        (
            one.system.name,
            f"{one.system.parameters / 1e6:.1f} M",
            f"{one.system.events_per_note:.2f}",
            str(one.notes_per_second),
            short(one.ms_per_note),
            str(ours.times_as_fast_as(one)),
        )
        for one in measured
    ]
    header = ("system", "parameters", "events per note", "notes/s", "ms per note", "ratio")
    note = f"{_FIGURES} An event is a note or a token. Ratio: {_RATIOS}"
    return Table("Systems", header, rows, note)


def _axis_tables(name: str, measured: list[Measured]) -> list[Table]:
    """Notes per second of each system at every value, and the ratios to the first system."""
    systems = by_system(measured)
    first, ours = next(iter(systems.items()))
    header = ("system", *(str(AXES[name].of(one.load)) for one in ours))
    speeds = [(n, *(str(one.notes_per_second) for one in row)) for n, row in systems.items()]
    tables = [Table(f"Notes/s by {AXES[name].title}", header, speeds, _FIGURES)]
    ratios = [
        (n, *(str(a.times_as_fast_as(b)) for a, b in zip(ours, row, strict=True)))
        for n, row in systems.items()
        if n != first
    ]
    if ratios:
        title = f"Lead of the {first}, by {AXES[name].title}"
        tables.append(Table(title, header, ratios, f"For each system, {_RATIOS}"))
    return tables


def _floors(results: Results) -> list[tuple[str, Floor]]:
    """The floor of each preset and load, if the machine was measured."""
    machine, settings = results.machine, results.settings
    if machine is None:
        return []
    return [
        (preset, floor_of(results.networks[preset], load, machine))
        for preset in settings.presets
        for load in settings.preset_loads
    ]


def _presets_table(results: Results) -> Table:
    rows = []
    for (preset, floor), one in zip(_floors(results), results.timed["presets"], strict=True):
        network = results.networks[preset]
        rows.append(
            (
                preset,
                f"{network.parameters / 1e6:.1f} M",
                "random" if network.is_random else "shipped",
                str(one.load.batch),
                str(one.notes_per_second),
                short(one.ms_per_note),
                f"{short(floor.ms)} = {short(floor.reading_ms)} + {short(floor.computing_ms)}",
                short(one.ms_per_note / floor.ms),
            )
        )
    header = (
        "preset", "parameters", "weights", "pieces", "notes/s", "ms per note", "floor, ms",
        "times floor",
    )  # fmt: skip
    machine = results.machine
    assert machine is not None  # it is measured with the presets
    note = (
        f"{_FIGURES} The floor is the time to read every weight once per note, at the "
        f"{machine.bytes_per_second / 1e9:,.1f} GB/s of a large sum, and to compute all matrix "
        f"products, at the {_paces(machine)}. These rates are the best of several attempts. The "
        "weights of small networks stay in the processor's cache and are read faster."
    )
    return Table("Presets, compared with the limits of the machine", header, rows, note)


def _paces(machine: Machine) -> str:
    """The rates of matrix products."""
    floats = f"float32: {machine.float_products_per_second / 1e9:,.0f} G"
    if machine.half_products_per_second:
        half = machine.half_products_per_second / 1e9
        return f"{half:,.0f} G per second of a large bfloat16 product ({floats})"
    small = machine.byte_products_per_second / 1e9
    return f"{small:,.0f} G per second of a large int8 product ({floats})"


def _starts_table(results: Results) -> Table:
    rows = [
        (start.what, str(start.seconds), "" if start.peak_mib is None else f"{start.peak_mib:,.0f}")
        for start in results.starts
    ]
    note = (
        "Seconds: median of the rounds (fastest to slowest). Commands run in a process of their "
        "own, until it exits. Peak: largest resident memory."
    )
    return Table("Start-up time and memory", ("task", "seconds", "peak, MiB"), rows, note)


def _values(results: Results) -> dict[str, Any]:
    """All numbers, for JSON."""
    values: dict[str, Any] = {"computer": results.computer, "tables": {}}
    for name, measured in results.timed.items():
        ours = measured[0]
        values["tables"][name] = [
            one.to_dict() | {"ratio": _ratio(ours, one, measured, name)} for one in measured
        ]
    for one, (preset, floor) in zip(
        values["tables"].get("presets", []), _floors(results), strict=True
    ):
        one |= {"preset": preset, "floor": asdict(floor) | {"ms": floor.ms}}
    values["start"] = [start.to_dict() for start in results.starts]
    values["machine"] = None if results.machine is None else asdict(results.machine)
    return values


def _ratio(ours: Measured, one: Measured, measured: list[Measured], table: str) -> Any:
    """The ratio to the first system under the same load; None for presets."""
    if table == "presets":
        return None
    same = next(m for m in measured if m.system is ours.system and m.load == one.load)
    return same.times_as_fast_as(one).to_dict()


def _provenance(results: Results, command: str) -> dict[str, Any]:
    packages = [name for name in EXTRA if name not in missing_extra()]
    return provenance_of(
        command,
        results.settings.model,
        processor=describe(results.computer),
        system=results.computer["system"],
        load=describe_load(results.computer),
        baselines=", ".join(f"{name} {version(name)}" for name in packages),
    )
