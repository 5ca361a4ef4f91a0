package de.javakaffee.web.msm;     // what it needs of the session manager is open to its own package only

import java.io.IOException;
import java.lang.reflect.Field;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import javax.servlet.ServletException;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.Manager;
import org.apache.catalina.Session;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/**
 * Sees to it that every session of this Tomcat has its copy in a memcached that would outlive it. memcached-session-manager by itself
 * (1.8.3, 2.3.2) writes a copy when a request has changed the session, and moves one only away from a memcached that does not answer. So
 * <ul>
 * <li>a memcached that was away comes back empty, and stays so until each session changes again: here all of them are copied again within
 * about a second of its return, those that nobody asks for too;</li>
 * <li>a session whose copy had to go to a failover node stays there for good: here it goes back with its next request. The failover node
 * is on Tomcat's own machine, and would die with it;</li>
 * <li>a session that moves to another Tomcat while its own lives on (a director has that other one back) is lost where its copy has just been
 * lost: here the other one waits for its owner to copy it again;</li>
 * <li>requests that are under way side by side while their session's id changes (it names its memcached and its Tomcat) find nothing under
 * the old one: here they find it under its present id;</li>
 * <li>requests side by side write the copy in no order, and the one that knew least of the session may come last, or none may write what was
 * changed while another wrote: here they write it one after the other, each with all that it has done.</li>
 * </ul>
 * For sticky sessions. Stands in front of the session manager's own valve, which is the last that a context gets.
 */
public final class SessionCopiesValve extends ValveBase {
    private static final Log LOG = LogFactory.getLog(SessionCopiesValve.class);

    /** Less than what the session manager remembers of a memcached (1 s), so that no answer of its own is missed. */
    private static final long LOOK_EVERY_MS = 400;
    private static final int REMEMBERED_TAKEOVERS = 10_000;

    /** For so long requests that were sent together may come one after the other. */
    private static final long SIDE_BY_SIDE_MS = 3_000;

    /** For so long a memcached that is back may lack what the Tomcats whose sessions it had are about to copy again. */
    private static final long COPIES_BACK_MS = 3_000;
    private static final long ASK_AGAIN_AFTER_MS = 50;

    /** Where the session manager keeps for seconds what it has not found; it has no other way to ask again. */
    private static final Field NOT_FOUND = field("_invalidSessionsCache");

    /** In the place of a new session's id, this has the session manager look for a session that is not there: nothing is left to copy. */
    private static final String COPIED = "";

    private final Guard[] guards = new Guard[1024];

    /** By the session manager's names. */
    private final Map<String, Memcached> memcacheds = new ConcurrentHashMap<>();

    /** Ids under which sessions came from other Tomcats, and what became of them here. */
    private final Map<String, TakeOver> takenOver = Collections.synchronizedMap(new LinkedHashMap<String, TakeOver>() {
        @Override
        protected boolean removeEldestEntry(final Map.Entry<String, TakeOver> eldest) {
            return size() > REMEMBERED_TAKEOVERS;
        }
    });

    private static final class Memcached {
        private final MemcachedProbe probe;
        /** When it was last seen to be away, in milliseconds; 0: never. Copies in it that are older are lost. */
        private volatile long awayAt;
        /** What of that has been made good. */
        private volatile long copiedAgain;

        private Memcached(final InetSocketAddress address) {
            probe = new MemcachedProbe(address);
        }
    }

    /** What the requests of a session share. Sessions that share one too wait for each other, and lose nothing. */
    private static final class Guard {
        /** Requests of one session hold it together; what moves or copies the session from outside of them holds it alone. */
        private final ReentrantReadWriteLock underWay = new ReentrantReadWriteLock();
        private final Object copying = new Object();
        /** How often requests have copied. */
        private volatile long copies;
    }

    private static final class TakeOver {
        /** The id that the session got here. */
        private final String id;
        private final long at = System.currentTimeMillis();

        private TakeOver(final String id) {
            this.id = id;
        }
    }

    private ScheduledExecutorService caretaker;

    public SessionCopiesValve() {
        super(true);
        for (int i = 0; i < guards.length; i++) {
            guards[i] = new Guard();
        }
    }

    @Override
    protected synchronized void startInternal() throws LifecycleException {
        caretaker = Executors.newSingleThreadScheduledExecutor(work -> {
            final Thread thread = new Thread(work, "session-copies");
            thread.setDaemon(true);
            return thread;
        });
        caretaker.scheduleWithFixedDelay(this::look, LOOK_EVERY_MS, LOOK_EVERY_MS, TimeUnit.MILLISECONDS);
        super.startInternal();
    }

    @Override
    protected synchronized void stopInternal() throws LifecycleException {
        super.stopInternal();
        caretaker.shutdownNow();
        memcacheds.values().forEach(memcached -> memcached.probe.close());
    }

    @Override
    public void invoke(final Request request, final Response response) throws IOException, ServletException {
        final MemcachedBackupSessionManager manager = manager();
        final String requested = request.getRequestedSessionId();
        if (manager == null || requested == null) {
            getNext().invoke(request, response);
            return;
        }
        final Guard guard = guardOf(requested);
        final Lock together = guard.underWay.readLock();
        final Lock alone = guard.underWay.writeLock();
        if (isAnothers(manager, requested)) {
            alone.lock();
            try {
                takeOver(request, manager);
                together.lock();
            } finally {
                alone.unlock();
            }
        } else {
            // While others of the same session are under way it stays where it is: a later request is soon enough.
            if (alone.tryLock()) {
                try {
                    leaveFailoverNode(manager, presentId(manager, requested));
                } finally {
                    alone.unlock();
                }
            }
            together.lock();
        }
        try {
            final String present = presentId(manager, request.getRequestedSessionId());
            if (!present.equals(request.getRequestedSessionId())) {
                request.changeSessionId(present);
            }
            final long copiesBefore = guard.copies;
            try {
                getNext().invoke(request, response);
            } finally {
                copy(request, manager, guard, copiesBefore);
            }
        } finally {
            together.unlock();
        }
    }

    /** What the session manager would do after this valve, but no two requests of a session at once. */
    private static void copy(final Request request, final MemcachedBackupSessionManager manager, final Guard guard, final long copiesBefore) {
        // Of a session that it has just made nobody else knows.
        if (request.getNote(RequestTrackingHostValve.REQUEST_PROCESS) != Boolean.TRUE || request.getNote(MemcachedSessionService.NEW_SESSION_ID) != null) {
            return;
        }
        synchronized (guard.copying) {
            // A copy that another request wrote meanwhile made the session manager forget that this one may have changed something.
            final boolean inAnyCase = guard.copies != copiesBefore || request.getNote(RequestTrackingHostValve.SESSION_ID_CHANGED) == Boolean.TRUE;
            manager.getMemcachedSessionService().backupSession(presentId(manager, request.getRequestedSessionId()), inAnyCase, "copy");
            guard.copies++;
        }
        request.setNote(MemcachedSessionService.NEW_SESSION_ID, COPIED);
    }

    /** Whether the id says that the session lives in another Tomcat. */
    private static boolean isAnothers(final MemcachedBackupSessionManager manager, final String id) {
        final String route = manager.getJvmRoute();
        return route != null && !route.equals(format(manager).extractJvmRoute(id)) && manager.getSessionInternal(id) == null;
    }

    /**
     * The session manager would do the same, but while another request of the session may be doing it too; and 2.3.2 would take what this
     * Tomcat still has of an earlier stay of the session for the session as it is.
     */
    private void takeOver(final Request request, final MemcachedBackupSessionManager manager) {
        final String requested = request.getRequestedSessionId();
        if (!hasCopy(manager, requested)) {
            // What was taken over is gone from memcached: for those who were under way side by side it is what it has become here.
            final TakeOver before = takenOver.get(requested);
            if (before != null && System.currentTimeMillis() - before.at < SIDE_BY_SIDE_MS) {
                request.changeSessionId(presentId(manager, before.id));
            }
            return;
        }
        final String own = format(manager).changeJvmRoute(requested, manager.getJvmRoute());
        for (final String node : allNodes(manager)) {
            manager.getSessionsInternal().remove(format(manager).createNewSessionId(own, node));
        }
        final String id = manager.getMemcachedSessionService().changeSessionIdOnTomcatFailover(requested);
        if (id != null) {
            manager.getSessionInternal(id).setSessionIdChanged(true);       // its copy has to have the new name too
            takenOver.put(requested, new TakeOver(id));
            request.changeSessionId(id);
        }
    }

    /** Whether memcached has the session, which one that was away a moment ago is given time for. */
    private boolean hasCopy(final MemcachedBackupSessionManager manager, final String id) {
        final long asked = System.currentTimeMillis();
        try {
            while (manager.getMemcachedSessionService().loadFromMemcachedWithCheck(id) == null) {
                if (System.currentTimeMillis() - asked > COPIES_BACK_MS || !wasAwayLately(manager, format(manager).extractMemcachedId(id))) {
                    return false;
                }
                Thread.sleep(ASK_AGAIN_AFTER_MS);
                notFound(manager).remove(id);
            }
            return true;
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private boolean wasAwayLately(final MemcachedBackupSessionManager manager, final String node) {
        // An id may name what no memcached is called.
        return allNodes(manager).contains(node)
            && (!isStillThere(manager, node) || System.currentTimeMillis() - memcached(manager, node).awayAt < COPIES_BACK_MS);
    }

    /** Notes where it is not. */
    private boolean isStillThere(final MemcachedBackupSessionManager manager, final String node) {
        final Memcached memcached = memcached(manager, node);
        final boolean isStillThere = memcached.probe.isStillThere() && nodes(manager).isNodeAvailable(node);
        if (!isStillThere) {
            memcached.awayAt = System.currentTimeMillis();
        }
        return isStillThere;
    }

    private Memcached memcached(final MemcachedBackupSessionManager manager, final String node) {
        return memcacheds.computeIfAbsent(node, name -> nodes(manager).getAllMemcachedAddresses().stream()
            .filter(address -> nodes(manager).getNodeId(address).equals(name)).map(Memcached::new).findFirst().get());
    }

    @SuppressWarnings("unchecked")
    private static LRUCache<String, Boolean> notFound(final MemcachedBackupSessionManager manager) {
        try {
            return (LRUCache<String, Boolean>) NOT_FOUND.get(manager.getMemcachedSessionService());
        } catch (final IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Field field(final String name) {
        try {
            final Field field = MemcachedSessionService.class.getDeclaredField(name);
            field.setAccessible(true);
            return field;
        } catch (final NoSuchFieldException e) {
            throw new IllegalStateException("This is another session manager than 1.8.3 or 2.3.2.", e);
        }
    }

    /** The id that a session of this Tomcat has now, whatever memcached `id` names. */
    private static String presentId(final MemcachedBackupSessionManager manager, final String id) {
        if (manager.getSessionInternal(id) != null || isAnothers(manager, id)) {
            return id;
        }
        for (final String node : allNodes(manager)) {
            final String other = format(manager).createNewSessionId(id, node);
            if (manager.getSessionInternal(other) != null) {
                return other;
            }
        }
        return id;
    }

    private static void leaveFailoverNode(final MemcachedBackupSessionManager manager, final String id) {
        final MemcachedNodesManager nodes = nodes(manager);
        final MemcachedBackupSession session = manager.getSessionInternal(id);
        if (session == null || !session.isValid() || !nodes.getFailoverNodeIds().contains(format(manager).extractMemcachedId(id))) {
            return;
        }
        for (final String node : nodes.getPrimaryNodeIds()) {
            if (nodes.isNodeAvailable(node)) {
                // Its copy on the failover node stays: it is right until the answer with the new id has reached the visitor.
                session.setIdForRelocate(format(manager).createNewSessionId(id, node));
                session.setSessionIdChanged(true);      // copied after this request, changed or not
                return;
            }
        }
    }

    /** Asks every memcached, which also has the session manager find connections that broke unnoticed, and copies again what one that was away has lost. */
    private void look() {
        try {
            final MemcachedBackupSessionManager manager = manager();
            if (manager == null || !manager.getState().isAvailable()) {
                return;
            }
            for (final String node : allNodes(manager)) {
                if (!isStillThere(manager, node)) {
                    continue;
                }
                final Memcached memcached = memcached(manager, node);
                final long away = memcached.awayAt;
                if (away != memcached.copiedAgain && copyAgain(manager, node, away)) {
                    memcached.copiedAgain = away;
                }
            }
        } catch (final Exception e) {
            LOG.warn("Copies of sessions could not be looked after; tried again soon.", e);
        }
    }

    /** Copies to `node` what it has lost; false where something of that has to wait. */
    private boolean copyAgain(final MemcachedBackupSessionManager manager, final String node, final long lostBefore) throws Exception {
        boolean complete = true;
        int copied = 0;
        for (final Session each : manager.findSessions()) {
            final MemcachedBackupSession session = (MemcachedBackupSession) each;
            // One that never had a copy gets it from the request that makes it.
            if (!isIn(manager, session, node) || session.getLastBackupTime() == 0 || session.getLastBackupTime() > lostBefore) {
                continue;
            }
            final Lock alone = guardOf(session.getIdInternal()).underWay.writeLock();
            if (!alone.tryLock()) {
                complete = false;
                continue;
            }
            try {
                if (isIn(manager, session, node) && session.isValidInternal()) {
                    manager.getMemcachedSessionService().backupSession(session.getIdInternal(), true, "copy again").get();
                    copied++;
                }
            } finally {
                alone.unlock();
            }
            if (!nodes(manager).isNodeAvailable(node)) {
                return false;
            }
        }
        if (copied > 0) {
            LOG.info(node + " was away: " + copied + " sessions copied again.");
        }
        return complete;
    }

    private static boolean isIn(final MemcachedBackupSessionManager manager, final MemcachedBackupSession session, final String node) {
        return node.equals(format(manager).extractMemcachedId(session.getIdInternal()));
    }

    /** By what of an id never changes. */
    private Guard guardOf(final String id) {
        return guards[Math.floorMod(id.split("[-.]", 2)[0].hashCode(), guards.length)];
    }

    private MemcachedBackupSessionManager manager() {
        final Manager manager = ((Context) getContainer()).getManager();
        return manager instanceof MemcachedBackupSessionManager ? (MemcachedBackupSessionManager) manager : null;
    }

    private static MemcachedNodesManager nodes(final MemcachedBackupSessionManager manager) {
        return manager.getMemcachedSessionService().getMemcachedNodesManager();
    }

    private static SessionIdFormat format(final MemcachedBackupSessionManager manager) {
        return nodes(manager).getSessionIdFormat();
    }

    private static List<String> allNodes(final MemcachedBackupSessionManager manager) {
        final List<String> all = new ArrayList<>(nodes(manager).getPrimaryNodeIds());
        all.addAll(nodes(manager).getFailoverNodeIds());
        return all;
    }
}
