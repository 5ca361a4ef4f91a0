package de.javakaffee.web.msm;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/**
 * Makes the copies of sessions, and sessions of copies. memcached refuses a session that is too large, and MSM takes the refusal for the
 * end of that memcached: it would move everybody's sessions.
 */
final class LimitedTranscoder extends TranscoderService {
    private static final Log LOG = LogFactory.getLog(LimitedTranscoder.class);
    private static final String IS_TOO_LARGE = "copy.tooLarge";
    private static final byte[] BEYOND_BUFFER = new byte[0];

    private final SessionManager manager;
    private final int maxBytes;
    private final Clock clock;

    LimitedTranscoder(
        final SessionAttributesTranscoder attributes, final SessionManager manager, final int maxKiB, final Clock clock) {
        super(withoutOverflow(attributes));
        this.manager = manager;
        maxBytes = maxKiB * 1024;
        this.clock = clock;
    }

    /** For a session that is too large a copy that says so. It replaces an earlier copy, which would bring back former content. */
    @Override
    public byte[] serialize(final MemcachedBackupSession session, final byte[] attributes) {
        final byte[] copy = super.serialize(session, attributes);
        final int bytes = copy.length <= maxBytes ? copy.length : manager.storedBytes(copy);
        if (attributes != BEYOND_BUFFER && bytes <= maxBytes) {
            if (session.getNote(IS_TOO_LARGE) != null) {
                session.removeNote(IS_TOO_LARGE);
                LOG.info("Session " + session.getIdInternal() + " is small enough again: it has a copy.");
            }
            return copy;
        }
        if (session.getNote(IS_TOO_LARGE) == null) {
            session.setNote(IS_TOO_LARGE, Boolean.TRUE);
            LOG.warn("Session " + session.getIdInternal() + " has no copy, and ends with this Tomcat: "
                + (attributes == BEYOND_BUFFER ? "it exceeds the serializer's buffer" : "it has " + bytes / 1024 + " KiB")
                + ", and sessions.maxKiB allows " + maxBytes / 1024 + ".");
        }
        return super.serialize(withoutContent(session));
    }

    static boolean isTooLarge(final MemcachedBackupSession session) {
        return session.getNote(IS_TOO_LARGE) != null;
    }

    /** Whether it is what memcached has of a session that was too large. */
    static boolean isWithoutContent(final MemcachedBackupSession session) {
        return !session.isValidInternal();
    }

    private MemcachedBackupSession withoutContent(final MemcachedBackupSession session) {
        final MemcachedBackupSession empty = manager.tomcats().newMemcachedBackupSession();
        empty.setIdInternal(session.getIdInternal());
        empty.setIsValidInternal(false);
        return empty;
    }

    /**
     * memcached counts a copy's time by a clock that does not jump: what it still has is alive. The times in the copy may be of another
     * machine, or of the time before a jump.
     */
    @Override
    public MemcachedBackupSession deserialize(
        final byte[] copy, final MemcachedSessionService.SessionManager owner) {
        final MemcachedBackupSession session = super.deserialize(copy, owner);
        if (session != null && session.isValidInternal()) {
            final long age = clock.timeOfDay() - session.getThisAccessedTimeInternal();
            final int lifetime = session.getMaxInactiveInterval();
            if (age < 0 || lifetime > 0 && age >= lifetime * 1_000L) {
                SessionManager.moveTimes(session, age);
            }
        }
        return session;
    }

    /** Kryo throws where a session exceeds its buffer (msm.kryo.bufferSize.max). Its exceptions are not in MSM's interface. */
    private static SessionAttributesTranscoder withoutOverflow(final SessionAttributesTranscoder attributes) {
        return (SessionAttributesTranscoder) Proxy.newProxyInstance(
            SessionAttributesTranscoder.class.getClassLoader(),
            new Class<?>[] {SessionAttributesTranscoder.class},
            (proxy, method, arguments) -> {
                try {
                    return method.invoke(attributes, arguments);
                } catch (final InvocationTargetException e) {
                    if (method.getName().equals("serializeAttributes") && isOverflow(e)) {
                        return BEYOND_BUFFER;
                    }
                    throw e.getCause();
                }
            });
    }

    private static boolean isOverflow(final Throwable thrown) {
        for (Throwable each = thrown; each != null; each = each.getCause()) {
            if (String.valueOf(each.getMessage()).contains("uffer limit exceeded")
                || String.valueOf(each.getMessage()).contains("uffer overflow")) {
                return true;
            }
        }
        return false;
    }
}
