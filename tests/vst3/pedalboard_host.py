"""The VST3 in pedalboard, a JUCE host: notes to audio, parameters, state, instances.

Run by `cargo xtask test` as `python pedalboard_host.py BUNDLE`.
"""

import sys
import time

import numpy
import pedalboard

RATE = 48_000.0


def note(key, start, end, velocity=100):
    return [(bytes([0x90, key, velocity]), start), (bytes([0x80, key, 0]), end)]


def load(path):
    return pedalboard.load_plugin(path)


def render(plugin, messages, seconds=1.0, reset=True, block=512):
    return plugin(messages, duration=seconds, sample_rate=RATE, num_channels=2,
                  buffer_size=block, reset=reset)


def rms(audio):
    return float(numpy.sqrt(numpy.mean(numpy.square(audio, dtype=numpy.float64))))


def loads_in_no_time(path):
    started = time.monotonic()
    load(path)
    took = time.monotonic() - started
    assert took < 5.0, f"loading took {took:.1f} s"


def is_an_instrument(path):
    assert load(path).is_instrument


def notes_become_audio(path):
    audio = render(load(path), note(60, 0.1, 0.8))
    assert audio.shape == (2, int(RATE)), audio.shape
    assert numpy.isfinite(audio).all()
    before = rms(audio[:, : int(0.09 * RATE)])
    during = rms(audio[:, int(0.2 * RATE) : int(0.7 * RATE)])
    assert before < 1e-4, f"sounds before the note: {before}"
    assert during > 1e-3, f"silent while the note is held: {during}"


def higher_keys_sound_higher(path):
    def centre(key):
        audio = render(load(path), note(key, 0.0, 0.9))[0, int(0.2 * RATE) : int(0.8 * RATE)]
        spectrum = numpy.abs(numpy.fft.rfft(audio * numpy.hanning(len(audio))))
        hz = numpy.fft.rfftfreq(len(audio), 1.0 / RATE)
        return hz[int(numpy.argmax(spectrum))]

    low, high = centre(48), centre(72)
    assert high > 1.5 * low, f"{low} Hz, {high} Hz"


def the_same_notes_give_the_same_bits(path):
    messages = note(60, 0.0, 0.7) + note(67, 0.2, 0.8)
    first, second = (render(load(path), messages) for _ in range(2))
    assert numpy.array_equal(first, second), numpy.abs(first - second).max()


def block_sizes_give_the_same_bits(path):
    messages = note(57, 0.0, 0.7) + note(64, 0.123, 0.8)
    whole = render(load(path), messages, block=512)
    for block in (64, 333, 8192):
        other = render(load(path), messages, block=block)
        assert numpy.array_equal(whole, other), f"{block}: {numpy.abs(whole - other).max()}"


def there_are_macros(path):
    names = [name for name in load(path).parameters if name.startswith(("macro", "m0"))]
    everything = load(path).parameters
    assert len(everything) >= 128, f"only {len(everything)} parameters: {list(everything)[:9]}"
    assert len(everything) < 200, f"{len(everything)} parameters, controllers among them? {names[:9]}"


def parameters_keep_what_they_are_given(path):
    plugin = load(path)
    name = first_macro(plugin)
    parameter = plugin.parameters[name]
    for value in (0.25, 1.0, 0.0):
        parameter.raw_value = value
        assert abs(parameter.raw_value - value) < 1e-5, (name, value, parameter.raw_value)


def state_comes_back(path):
    plugin = load(path)
    name = first_macro(plugin)
    plugin.parameters[name].raw_value = 0.75
    render(plugin, [], 0.1)
    state = plugin.raw_state
    other = load(path)
    other.raw_state = state
    got = other.parameters[name].raw_value
    assert abs(got - 0.75) < 1e-5, got
    messages = note(60, 0.0, 0.6)
    first, second = render(plugin, messages), render(other, messages)
    level = rms(first)
    assert level > 1e-3
    assert abs(rms(second) - level) < 0.05 * level, (level, rms(second))


def garbage_is_no_state(path):
    plugin = load(path)
    state = bytes(plugin.raw_state)
    for wrong in (b"", b"not a state", state[: len(state) // 2], state[:-1] + bytes([state[-1] ^ 1])):
        try:
            plugin.raw_state = wrong
        except Exception as refused:  # noqa: BLE001 - any refusal will do, a crash will not
            assert str(refused)
        audio = render(plugin, note(60, 0.0, 0.6))
        assert rms(audio) > 1e-3, f"silent after {len(wrong)} wrong bytes"


def two_instances_do_not_disturb_each_other(path):
    messages = note(60, 0.0, 0.7)
    alone = render(load(path), messages)
    first, second = load(path), load(path)
    second.parameters[first_macro(second)].raw_value = 1.0
    render(second, note(40, 0.0, 0.7))
    assert numpy.array_equal(render(first, messages), alone)


def the_tail_ends(path):
    plugin = load(path)
    render(plugin, note(60, 0.0, 0.2))
    silent = render(plugin, [], 20.0, reset=False)
    assert rms(silent[:, -int(RATE) :]) < 1e-4, rms(silent[:, -int(RATE) :])


def first_macro(plugin):
    for name in plugin.parameters:
        if name not in ("bypass",):
            return name
    raise AssertionError("no parameters")


TESTS = [
    loads_in_no_time,
    is_an_instrument,
    notes_become_audio,
    higher_keys_sound_higher,
    the_same_notes_give_the_same_bits,
    block_sizes_give_the_same_bits,
    there_are_macros,
    parameters_keep_what_they_are_given,
    state_comes_back,
    garbage_is_no_state,
    two_instances_do_not_disturb_each_other,
    the_tail_ends,
]


def main():
    path = sys.argv[1]
    failed = 0
    for test in TESTS:
        try:
            test(path)
            verdict = "ok"
        except Exception as error:  # noqa: BLE001 - one test's failure is not the others'
            failed += 1
            verdict = f"FAILED: {type(error).__name__}: {error}"
        print(f"test pedalboard::{test.__name__} ... {verdict}", flush=True)
    print(f"{len(TESTS) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
