package de.javakaffee.web.msm;

import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/**
 * Notices a jump of the time of day, and moves the times of all sessions with it. Tomcat and MSM tell a session's age by the time of day: a
 * jump ahead would end sessions, and one back would keep them for as long as it was.
 */
final class ClockJumps {
    private static final Log LOG = LogFactory.getLog(ClockJumps.class);

    /** Longer than a thread pauses between two looks at the clocks, and nothing to a session of minutes. */
    private static final long SMALLEST_JUMP_MS = 2_000;

    private final Clock clock;
    private volatile long difference;
    private volatile long seenAt;

    ClockJumps(final Clock clock) {
        this.clock = clock;
        difference = clock.timeOfDay() - clock.monotonic();
        seenAt = clock.monotonic();
    }

    /** Comes before everything that asks for a session's age. Returns when all times are right. */
    void follow(final SessionManager manager) {
        final long now = clock.monotonic();
        if (isUsual(clock.timeOfDay() - now)) {
            seenAt = now;
        } else {
            followJump(manager);
        }
    }

    private synchronized void followJump(final SessionManager manager) {
        final long before = clock.monotonic();
        final long timeOfDay = clock.timeOfDay();
        final long now = clock.monotonic();
        // Another thread has done it, or this one was paused between its looks at the clocks: the next call tells.
        if (isUsual(timeOfDay - before) || now - before >= SMALLEST_JUMP_MS) {
            return;
        }
        final long jump = timeOfDay - before - difference;
        LOG.warn("The time of day has jumped by " + jump / 1_000 + " s. The times of all sessions follow.");
        // Requests since the last look may have set a session's times by the new time of day.
        manager.moveTimes(jump, timeOfDay - (now - seenAt) - SMALLEST_JUMP_MS / 2, timeOfDay);
        manager.forgetAvailability();
        difference += jump;
        seenAt = now;
    }

    private boolean isUsual(final long present) {
        return Math.abs(present - difference) < SMALLEST_JUMP_MS;
    }
}
