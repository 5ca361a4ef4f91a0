package de.javakaffee.web.msm;

import java.util.function.LongSupplier;

/** The machine's two clocks, in milliseconds: the time of day, which may jump, and the one that only counts. */
final class Clock {
    static final Clock OF_THE_MACHINE =
        new Clock(System::currentTimeMillis, () -> System.nanoTime() / 1_000_000);

    private final LongSupplier timeOfDay;
    private final LongSupplier monotonic;

    Clock(final LongSupplier timeOfDay, final LongSupplier monotonic) {
        this.timeOfDay = timeOfDay;
        this.monotonic = monotonic;
    }

    long timeOfDay() {
        return timeOfDay.getAsLong();
    }

    /** Counts from an arbitrary moment. */
    long monotonic() {
        return monotonic.getAsLong();
    }
}
