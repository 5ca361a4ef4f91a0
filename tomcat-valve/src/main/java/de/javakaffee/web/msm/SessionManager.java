package de.javakaffee.web.msm;

import java.lang.reflect.Field;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.spy.memcached.MemcachedClient;
import org.apache.catalina.Context;
import org.apache.catalina.Manager;
import org.apache.catalina.Session;

/**
 * What the valve needs of a context's memcached-session-manager (MSM). It is in MSM's package because MSM opens most of this to its own
 * package only.
 */
final class SessionManager {
    /** Ids that MSM has not found in memcached. It keeps them for seconds and has no method that forgets one. */
    private static final Field NOT_FOUND = field(MemcachedSessionService.class, "_invalidSessionsCache");

    private static final Field ATTRIBUTES_TRANSCODER = field(TranscoderService.class, "_attributesTranscoder");

    /** What MSM remembers of memcacheds by the time of day, behind one another. */
    private static final Field[] AVAILABILITY = {
        field(MemcachedNodesManager.class, "_nodeIdService"),
        field(NodeIdService.class, "_nodeAvailabilityCache"),
        field(NodeAvailabilityCache.class, "_map")
    };

    private final MemcachedBackupSessionManager manager;

    private SessionManager(final MemcachedBackupSessionManager manager) {
        this.manager = manager;
    }

    /** Empty where the context has another session manager. */
    static Optional<SessionManager> of(final Context context) {
        final Manager manager = context.getManager();
        return manager instanceof MemcachedBackupSessionManager
            ? Optional.of(new SessionManager((MemcachedBackupSessionManager) manager))
            : Optional.empty();
    }

    MemcachedBackupSessionManager tomcats() {
        return manager;
    }

    MemcachedSessionService service() {
        return manager.getMemcachedSessionService();
    }

    /** Makes MSM heed the limits: of a copy, and of the sessions in this Tomcat. Does nothing where it does already. */
    void limit(final int maxKiB, final int maxSessions, final Clock clock) {
        if (service()._transcoderService instanceof LimitedTranscoder) {
            return;
        }
        synchronized (manager) {
            if (!(service()._transcoderService instanceof LimitedTranscoder)) {
                manager.setMaxActiveSessions(maxSessions);
                service().setTranscoderService(new LimitedTranscoder(
                    (SessionAttributesTranscoder) get(ATTRIBUTES_TRANSCODER, service()._transcoderService), this, maxKiB, clock));
            }
        }
    }

    /** What memcached gets of a copy: MSM 1.8.3 leaves it to its client, which compresses it; MSM 2.3.2 does not. */
    int storedBytes(final byte[] copy) {
        for (final Field field : MemcachedSessionService.class.getDeclaredFields()) {
            if (field.getType() == MemcachedClient.class) {
                field.setAccessible(true);
                return ((MemcachedClient) get(field, service())).getTranscoder().encode(copy).getData().length;
            }
        }
        return copy.length;
    }

    /**
     * Adds a session of another Tomcat as MSM does it, and gives it its id here. Unlike MSM it never refuses: maxActiveSessions is for new
     * sessions only.
     */
    String adopt(final MemcachedBackupSession session) {
        final String former = session.getIdInternal();
        final String id = nodes().changeSessionIdForTomcatFailover(former, manager.getJvmRoute());
        session.setIdInternal(id);
        if (session.isNewInternal()) {
            session.tellNew();
        }
        manager.add(session);
        session.activate();
        session.access();
        session.endAccess();
        service().deleteFromMemcached(former);
        service()._statistics.requestWithTomcatFailover();
        return id;
    }

    /** The time of day has jumped. Times from `since` on until `now` are by the new time of day and stay. */
    void moveTimes(final long jump, final long since, final long now) {
        for (final Session each : manager.findSessions()) {
            final MemcachedBackupSession session = (MemcachedBackupSession) each;
            final long accessed = session.getThisAccessedTimeInternal();
            if (accessed < since || accessed > now) {
                moveTimes(session, jump);
            }
        }
    }

    @SuppressWarnings("deprecation")
    static void moveTimes(final MemcachedBackupSession session, final long by) {
        final boolean isChecked = !session.wasAccessedSinceLastBackupCheck();
        session.setCreationTimeInternal(session.getCreationTimeInternal() + by);
        session.setLastAccessedTimeInternal(session.getLastAccessedTimeInternal() + by);
        session.setThisAccessedTimeInternal(session.getThisAccessedTimeInternal() + by);
        if (session.getLastBackupTime() != 0) {
            session.setLastBackupTime(session.getLastBackupTime() + by);
        }
        if (isChecked) {
            session.storeThisAccessedTimeFromLastBackupCheck();
        }
    }

    /** After a jump back MSM would believe until then what it has seen before it. */
    void forgetAvailability() {
        Object each = nodes();
        for (final Field field : AVAILABILITY) {
            each = get(field, each);
        }
        ((Map<?, ?>) each).clear();
        notFound().clear();
    }

    /** Null where this Tomcat does not have the session. Does not look into memcached. */
    MemcachedBackupSession find(final String id) {
        return manager.getSessionInternal(id);
    }

    /** Whether MSM makes no copy although a request has used the session: it came in the millisecond of the request before. */
    boolean isTakenForUntouched(final String id) {
        final MemcachedBackupSession session = find(id);
        return session != null
            && session.attributesAccessedSinceLastBackup()
            && !session.wasAccessedSinceLastBackupCheck();
    }

    /** Whether the id names another Tomcat, and the session is not here. */
    boolean isForeign(final String id) {
        final String route = manager.getJvmRoute();
        return route != null && !route.equals(format().extractJvmRoute(id)) && find(id) == null;
    }

    /** The id that a session of this Tomcat has now: it may be in another memcached than `id` names. */
    String currentId(final String id) {
        if (find(id) != null || isForeign(id)) {
            return id;
        }
        for (final String node : nodeNames()) {
            final String other = format().createNewSessionId(id, node);
            if (find(other) != null) {
                return other;
            }
        }
        return id;
    }

    /** Forgets the sessions of this Tomcat that have the id in any memcached. */
    void forget(final String id) {
        final String own = format().changeJvmRoute(id, manager.getJvmRoute());
        for (final String node : nodeNames()) {
            manager.getSessionsInternal().remove(format().createNewSessionId(own, node));
        }
    }

    /** Lets MSM ask memcached again for an id that it has not found. */
    void askAgainFor(final String id) {
        notFound().remove(id);
    }

    @SuppressWarnings("unchecked")
    private LRUCache<String, Boolean> notFound() {
        return (LRUCache<String, Boolean>) get(NOT_FOUND, service());
    }

    /** Sessions that end with this Tomcat: their memcached is away, or takes no copy of that size. */
    long sessionsWithoutCopy() {
        return Arrays.stream(manager.findSessions())
            .map(MemcachedBackupSession.class::cast)
            .filter(session -> !hasCopy(session))
            .count();
    }

    private boolean hasCopy(final MemcachedBackupSession session) {
        final String node = nodeOf(session.getIdInternal());
        return node != null && nodeNames().contains(node) && isAvailable(node) && !LimitedTranscoder.isTooLarge(session);
    }

    /** Names of all memcacheds, failover nodes last. */
    List<String> nodeNames() {
        final List<String> names = new ArrayList<>(nodes().getPrimaryNodeIds());
        names.addAll(nodes().getFailoverNodeIds());
        return names;
    }

    /** The name in the session's id of the memcached that has its copy; it may be none of nodeNames(). */
    String nodeOf(final String id) {
        return format().extractMemcachedId(id);
    }

    InetSocketAddress addressOf(final String node) {
        return nodes().getAllMemcachedAddresses().stream()
            .filter(address -> node.equals(nodes().getNodeId(address)))
            .findFirst()
            .orElseThrow(() -> new IllegalArgumentException("no memcached " + node));
    }

    /** As MSM last saw the memcached, up to a second ago. */
    boolean isAvailable(final String node) {
        return nodes().isNodeAvailable(node);
    }

    MemcachedNodesManager nodes() {
        return service().getMemcachedNodesManager();
    }

    SessionIdFormat format() {
        return nodes().getSessionIdFormat();
    }

    private static Object get(final Field field, final Object object) {
        try {
            return field.get(object);
        } catch (final IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Field field(final Class<?> owner, final String name) {
        try {
            final Field field = owner.getDeclaredField(name);
            field.setAccessible(true);
            return field;
        } catch (final NoSuchFieldException e) {
            throw new IllegalStateException("The session manager is neither 1.8.3 nor 2.3.2.", e);
        }
    }
}
