package de.javakaffee.web.msm;

import java.lang.reflect.Field;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.catalina.Context;
import org.apache.catalina.Manager;

/**
 * What the valve needs of a context's memcached-session-manager (MSM). It is in MSM's package because MSM opens most of this to its own
 * package only.
 */
final class SessionManager {
    /** Ids that MSM has not found in memcached. It keeps them for seconds and has no method that forgets one. */
    private static final Field NOT_FOUND = field("_invalidSessionsCache");

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

    /** Null where this Tomcat does not have the session. Does not look into memcached. */
    MemcachedBackupSession find(final String id) {
        return manager.getSessionInternal(id);
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
    @SuppressWarnings("unchecked")
    void askAgainFor(final String id) {
        try {
            ((LRUCache<String, Boolean>) NOT_FOUND.get(service())).remove(id);
        } catch (final IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
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

    private static Field field(final String name) {
        try {
            final Field field = MemcachedSessionService.class.getDeclaredField(name);
            field.setAccessible(true);
            return field;
        } catch (final NoSuchFieldException e) {
            throw new IllegalStateException("The session manager is neither 1.8.3 nor 2.3.2.", e);
        }
    }
}
