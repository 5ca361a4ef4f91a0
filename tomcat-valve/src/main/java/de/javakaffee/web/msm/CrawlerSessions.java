package de.javakaffee.web.msm;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.catalina.Session;
import org.apache.catalina.connector.Request;

/**
 * Gives a crawler, which sends no cookies, one session instead of one for each request. Tomcat's CrawlerSessionManagerValve does not go with
 * MSM: in Tomcat 7 it makes itself an attribute of the session, which MSM would copy, and it does not follow a session to another id.
 */
final class CrawlerSessions {
    private static final Pattern CRAWLER = Pattern.compile("[bB]ot|[cC]rawler|[sS]pider|Slurp|Feedfetcher");

    /** A crawler that asks less often than this gets a new session, as with Tomcat's valve. */
    private static final int LIFETIME_S = 60;
    private static final int REMEMBERED = 1_000;

    /** A session's id by the crawler's address and name, so that a visitor whose browser looks like a crawler shares it with nobody. */
    private final Map<String, String> ids = Collections.synchronizedMap(new LinkedHashMap<String, String>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(final Map.Entry<String, String> eldest) {
            return size() > REMEMBERED;
        }
    });

    /** The crawler's name for `remember`; null where the request comes from another visitor, or names a session itself. */
    String enter(final Request request, final SessionManager manager) {
        final String agent = request.getHeader("User-Agent");
        if (request.getRequestedSessionId() != null || agent == null || !CRAWLER.matcher(agent).find()) {
            return null;
        }
        final String crawler = request.getRemoteAddr() + ' ' + agent;
        final String id = ids.get(crawler);
        if (id != null && manager.find(manager.currentId(id)) != null) {
            request.setRequestedSessionId(id);
        }
        return crawler;
    }

    /** Keeps the session that the request has made. */
    void remember(final String crawler, final Request request) {
        final Session session = crawler == null ? null : request.getSessionInternal(false);
        if (session != null && !session.getIdInternal().equals(ids.put(crawler, session.getIdInternal()))) {
            session.setMaxInactiveInterval(LIFETIME_S);
        }
    }
}
