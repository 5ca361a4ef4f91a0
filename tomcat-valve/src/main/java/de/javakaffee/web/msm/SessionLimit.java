package de.javakaffee.web.msm;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;
import javax.servlet.RequestDispatcher;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/** What a visitor is told for whom this Tomcat makes no session because it has enough of them. */
final class SessionLimit {
    private static final Log LOG = LogFactory.getLog(SessionLimit.class);

    /** Directors take 503 as "nothing was done": they would leave this Tomcat out, and so move everybody's sessions. */
    private static final int TOO_MANY_REQUESTS = 429;

    /** Tomcat looks for expired sessions as often. */
    private static final int RETRY_AFTER_S = 60;

    private final Clock clock;
    private final AtomicLong silentUntil;

    SessionLimit(final Clock clock) {
        this.clock = clock;
        silentUntil = new AtomicLong(clock.monotonic());
    }

    /** Replaces the error page for an exception where the exception is MSM's refusal to make a session. */
    void answer(final Request request, final Response response, final SessionManager manager) throws IOException {
        if (response.isCommitted() || !isRefusal((Throwable) request.getAttribute(RequestDispatcher.ERROR_EXCEPTION))) {
            return;
        }
        request.removeAttribute(RequestDispatcher.ERROR_EXCEPTION);
        response.setHeader("Retry-After", String.valueOf(RETRY_AFTER_S));
        response.sendError(TOO_MANY_REQUESTS, "No new sessions at present");
        final long now = clock.monotonic();
        final long until = silentUntil.get();
        if (now >= until && silentUntil.compareAndSet(until, now + RETRY_AFTER_S * 1_000)) {
            LOG.warn("New visitors get no session, but status " + TOO_MANY_REQUESTS + ": there are "
                + manager.tomcats().getActiveSessions() + " sessions, and sessions.max allows "
                + manager.tomcats().getMaxActiveSessions() + ".");
        }
    }

    private static boolean isRefusal(final Throwable thrown) {
        for (Throwable each = thrown; each != null; each = each.getCause()) {
            for (final StackTraceElement frame : each.getStackTrace()) {
                if (each instanceof IllegalStateException && frame.getMethodName().equals("checkMaxActiveSessions")) {
                    return true;
                }
            }
        }
        return false;
    }
}
