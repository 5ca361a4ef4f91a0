package de.javakaffee.web.msm;

/** Clocks whose time of day is the machine's, but for a difference. */
final class TestClock {
    private volatile long differenceMs;
    final Clock clock = new Clock(() -> System.currentTimeMillis() + differenceMs, Clock.OF_THE_MACHINE::monotonic);

    void set(final long differenceMs) {
        this.differenceMs = differenceMs;
    }
}
