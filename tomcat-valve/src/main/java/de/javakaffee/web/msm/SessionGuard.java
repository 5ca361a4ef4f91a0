package de.javakaffee.web.msm;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/** The locks of a session. Sessions with equal hashes share them, and only wait longer. */
final class SessionGuard {
    private final ReentrantReadWriteLock requests = new ReentrantReadWriteLock();
    private final Object copying = new Object();
    private final AtomicLong copies = new AtomicLong();

    /** Held by each request of the session while it is under way; requests hold it side by side. */
    Lock shared() {
        return requests.readLock();
    }

    /** Held by what moves or copies the session outside of its requests. */
    Lock exclusive() {
        return requests.writeLock();
    }

    /** Held by a request while it writes the copy. */
    Object copying() {
        return copying;
    }

    /** How many copies the session's requests have written. */
    long copies() {
        return copies.get();
    }

    void hasCopied() {
        copies.incrementAndGet();
    }

    /** The guards of all sessions. */
    static final class Pool {
        private final SessionGuard[] guards = new SessionGuard[1024];

        Pool() {
            for (int i = 0; i < guards.length; i++) {
                guards[i] = new SessionGuard();
            }
        }

        /** Depends only on the part of the id that never changes: what stands before the names of memcached and Tomcat. */
        SessionGuard of(final String id) {
            return guards[Math.floorMod(id.split("[-.]", 2)[0].hashCode(), guards.length)];
        }
    }
}
