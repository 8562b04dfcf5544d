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

_FIGURES = "Notes a second of all pieces together: median of the rounds (slowest to fastest)."
_RATIOS = "how many times as fast the first system is, in the same rounds."


def report_on(results: Results, command: str) -> Report:
    """All that was found."""
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
    """What is to be done about baselines that cannot run; empty where they can."""
    missing = missing_extra()
    if not missing:
        return ""
    return (
        f"the baselines are left out, for {' and '.join(missing)} is missing: "
        "pip install 'amadeus-music[benchmark]'"
    )


def _summary(results: Results) -> str:
    network = results.networks[results.settings.model]
    lines = [
        f"`{network.name}`, {network.parameters / 1e6:.1f} M parameters, on "
        f"{describe(results.computer)}. Where nothing else is said: one piece, {Load().steps} "
        f"steps a note, {Load().context} rows before the first note. All take turns in "
        f"{results.settings.rounds} rounds, so that other work on the machine slows all alike.",
        "The baselines have as many parameters, and random weights: what they compose is noise, "
        "but takes as long as music. *Attributes in turn* is our generator in torch with a small "
        "Llama that writes a note's attributes one after another, *flat tokens* a Llama on REMI "
        "tokens, which finds its cache filled with nothing in particular; both Llamas are those of "
        "`transformers`, with its cache. *Torch without a cache* "
        "reads all rows again for every note, twice.",
    ]
    missing = missing_note()
    return "\n\n".join([*lines, f"Here {missing}."] if missing else lines)


def describe(computer: dict[str, Any]) -> str:
    """The machine in a few words."""
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
    """How busy the machine was besides."""
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
    header = ("system", "parameters", "events a note", "notes/s", "ms a note", "ratio")
    note = f"{_FIGURES} An event is a note or a token. Ratio: {_RATIOS}"
    return Table("Systems", header, rows, note)


def _axis_tables(name: str, measured: list[Measured]) -> list[Table]:
    """Notes a second of each system at every value, and the ratios to the first one."""
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
        title = f"How far the {first} is ahead, by {AXES[name].title}"
        tables.append(Table(title, header, ratios, f"For each system, {_RATIOS}"))
    return tables


def _floors(results: Results) -> list[tuple[str, Floor]]:
    """Of each preset and load, where the machine was measured."""
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
        "preset", "parameters", "weights", "pieces", "notes/s", "ms a note", "floor, ms",
        "times floor",
    )  # fmt: skip
    machine = results.machine
    assert machine is not None  # it is measured with the presets
    note = (
        f"{_FIGURES} Floor: every weight is read once a note, at the "
        f"{machine.bytes_per_second / 1e9:,.1f} GB/s of a large sum, and all products of its "
        f"matrices are computed, at the {_paces(machine)}. All "
        "paces are the best of a few tries. Weights that stay in the processor's cache, as those "
        "of small networks do, are read faster than that."
    )
    return Table("Presets, and what the machine allows", header, rows, note)


def _paces(machine: Machine) -> str:
    """How fast it multiplies."""
    floats = f"float32: {machine.float_products_per_second / 1e9:,.0f} G"
    if machine.half_products_per_second:
        half = machine.half_products_per_second / 1e9
        return f"{half:,.0f} G a second of a large bfloat16 product ({floats})"
    small = machine.byte_products_per_second / 1e9
    return f"{small:,.0f} G a second of a large int8 product ({floats})"


def _starts_table(results: Results) -> Table:
    rows = [
        (start.what, str(start.seconds), "" if start.peak_mib is None else f"{start.peak_mib:,.0f}")
        for start in results.starts
    ]
    note = (
        "Seconds: median of the rounds (fastest to slowest). Commands are processes of their own, "
        "timed until they have written their file and ended. Peak: most resident memory."
    )
    return Table("Starting, and memory", ("what", "seconds", "peak, MiB"), rows, note)


def _values(results: Results) -> dict[str, Any]:
    """All numbers, as JSON takes them."""
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
    """To the first system under the same load; presets are not compared."""
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
