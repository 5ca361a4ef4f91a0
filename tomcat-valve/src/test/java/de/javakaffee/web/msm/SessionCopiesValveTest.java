package de.javakaffee.web.msm;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.catalina.session.StandardManager;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;

/** Two Tomcats and two memcacheds as in the lab: the memcached on a Tomcat's own machine is its failover node. */
public class SessionCopiesValveTest {
    private static final long PATIENCE_MS = 10_000;

    private TestMemcached n1;
    private TestMemcached n2;
    private final List<TestTomcat> tomcats = new ArrayList<>();
    private final ExecutorService threads = Executors.newCachedThreadPool();

    @Before
    public void startMemcacheds() throws Exception {
        n1 = new TestMemcached("n1");
        n2 = new TestMemcached("n2");
    }

    @After
    public void stop() throws Exception {
        threads.shutdownNow();
        for (final TestTomcat tomcat : tomcats) {
            tomcat.close();
        }
        n1.close();
        n2.close();
    }

    /** Its sessions' copies go to n2. */
    private TestTomcat tomcatA() throws Exception {
        return start("a", n1, true);
    }

    /** Its new sessions' copies go to n1. */
    private TestTomcat tomcatB() throws Exception {
        return start("b", n2, true);
    }

    private TestTomcat start(final String route, final TestMemcached failoverNode, final boolean hasValve)
        throws Exception {
        final TestTomcat tomcat =
            new TestTomcat(route, TestTomcat.sessionManager(Arrays.asList(n1, n2), failoverNode), hasValve);
        tomcats.add(tomcat);
        return tomcat;
    }

    private static void eventually(final String what, final Callable<Boolean> condition) throws Exception {
        final long start = System.currentTimeMillis();
        while (!condition.call()) {
            assertTrue(what, System.currentTimeMillis() - start < PATIENCE_MS);
            Thread.sleep(50);
        }
    }

    @Test
    public void aReturnedMemcachedGetsTheCopiesOfIdleSessionsBack() throws Exception {
        final TestTomcat a = tomcatA();
        final Visitor visitor = new Visitor();
        visitor.get(a, "/set?color=red");
        assertEquals("n2", visitor.node());
        assertTrue(n2.has(visitor.sessionId()));
        n2.stop();
        Thread.sleep(1_000);
        n2.start();
        eventually("the copy is back without a request", () -> n2.has(visitor.sessionId()));
        n2.stop();
        n2.start();
        eventually("also after an absence shorter than any interval", () -> n2.has(visitor.sessionId()));
        assertEquals("{color=red}", Visitor.withSession(visitor.sessionId()).get(tomcatB(), "/"));
    }

    /** If a newer session manager does it by itself, that part of the valve can go. */
    @Test
    public void withoutTheValveTheCopyStaysLost() throws Exception {
        final TestTomcat a = start("a", n1, false);
        final Visitor visitor = new Visitor();
        visitor.get(a, "/set?color=red");
        n2.stop();
        n2.start();
        Thread.sleep(3_000);
        visitor.get(a, "/");
        assertFalse(n2.has(visitor.sessionId()));
    }

    @Test
    public void aSessionLeavesItsFailoverNodeWithItsNextRequest() throws Exception {
        final TestTomcat a = tomcatA();
        final Visitor visitor = new Visitor();
        visitor.get(a, "/set?color=red");
        n2.stop();
        eventually("it goes to the failover node", () -> {
            visitor.get(a, "/");
            return visitor.node().equals("n1");
        });
        assertTrue(n1.has(visitor.sessionId()));
        final String idOnFailoverNode = visitor.sessionId();
        n2.start();
        eventually("it comes back", () -> {
            assertEquals("{color=red}", visitor.get(a, "/"));
            return visitor.node().equals("n2");
        });
        assertTrue("with a copy", n2.has(visitor.sessionId()));
        assertTrue("and the answer may get lost", n1.has(idOnFailoverNode));
        assertEquals("{color=red}", Visitor.withSession(idOnFailoverNode).get(a, "/"));
    }

    @Test
    public void requestsWithTheFormerIdFindASessionThatHasMovedToAnotherMemcached() throws Exception {
        final TestTomcat a = tomcatA();
        final Visitor visitor = new Visitor();
        visitor.get(a, "/set?color=red");
        final String formerId = visitor.sessionId();
        n2.stop();
        eventually("the id changes", () -> {
            visitor.get(a, "/");
            return !visitor.sessionId().equals(formerId);
        });
        for (final String answer : atOnce(8, () -> Visitor.withSession(formerId).get(a, "/"))) {
            assertEquals("{color=red}", answer);
        }
    }

    @Test
    public void requestsSideBySideShareOneSessionThatComesFromAnotherTomcat() throws Exception {
        final Visitor visitor = new Visitor();
        visitor.get(tomcatA(), "/set?color=red");
        final String idOnA = visitor.sessionId();
        final TestTomcat b = tomcatB();
        final AtomicInteger number = new AtomicInteger();
        for (final String answer : atOnce(4, () ->
            Visitor.withSession(idOnA).get(b, "/set?request" + number.incrementAndGet() + "=done"))) {
            assertTrue(answer, answer.startsWith("{color=red, request"));
        }
        assertEquals(
            "{color=red, request1=done, request2=done, request3=done, request4=done}", visitor.get(b, "/"));
        assertTrue(visitor.sessionId().endsWith(".b"));
    }

    @Test
    public void aSessionThatReturnsIsNotTakenForItsEarlierStay() throws Exception {
        final TestTomcat a = tomcatA();
        final TestTomcat b = tomcatB();
        final Visitor visitor = new Visitor();
        visitor.get(a, "/set?count=1");
        assertEquals("{count=1}", visitor.get(b, "/"));
        visitor.get(b, "/set?count=2");
        assertEquals("{count=2}", visitor.get(a, "/"));
        visitor.get(a, "/set?count=3");
        assertEquals("{count=3}", visitor.get(b, "/"));
        assertEquals("{count=3}", visitor.get(a, "/"));
    }

    @Test
    public void aTakenOverSessionHasACopyAtOnce() throws Exception {
        final Visitor visitor = new Visitor();
        visitor.get(tomcatA(), "/set?color=red");
        final String idOnA = visitor.sessionId();
        visitor.get(tomcatB(), "/");
        assertNotEquals(idOnA, visitor.sessionId());
        assertTrue(n1.has(visitor.sessionId()) || n2.has(visitor.sessionId()));
    }

    @Test
    public void aTakeoverWaitsForTheOwnerToCopyAgain() throws Exception {
        final TestTomcat a = tomcatA();
        final TestTomcat b = tomcatB();
        final Visitor visitor = new Visitor();
        visitor.get(a, "/set?color=red");
        // Both Tomcats ask the memcacheds; an absence that one has not seen yet must not confuse it.
        Thread.sleep(1_000);
        n2.stop();
        n2.start();
        assertEquals("{color=red}", visitor.get(b, "/"));
    }

    @Test
    public void theCopyHasWhatARequestChangesAfterAnotherHasWrittenIt() throws Exception {
        final TestTomcat a = tomcatA();
        a.on("/begin", session -> session.setAttribute("list", new CopyOnWriteArrayList<>()));
        final CountDownLatch hasBegun = new CountDownLatch(1);
        final CountDownLatch mayEnd = new CountDownLatch(1);
        a.on("/slow", session -> {
            @SuppressWarnings("unchecked")
            final List<String> list = (List<String>) session.getAttribute("list");
            list.add("early");
            hasBegun.countDown();
            assertTrue(mayEnd.await(PATIENCE_MS, TimeUnit.MILLISECONDS));
            // MSM does not see this change: the session itself is not asked any more.
            list.add("late");
        });
        final Visitor visitor = new Visitor();
        visitor.get(a, "/begin");
        final Future<String> slow = threads.submit(() -> Visitor.withSession(visitor.sessionId()).get(a, "/slow"));
        assertTrue(hasBegun.await(PATIENCE_MS, TimeUnit.MILLISECONDS));
        visitor.get(a, "/set?between=1");
        mayEnd.countDown();
        slow.get();
        assertEquals("{between=1, list=[early, late]}", visitor.get(tomcatB(), "/"));
    }

    @Test
    public void madeUpIdsGetANewSession() throws Exception {
        final TestTomcat a = tomcatA();
        for (final String id : Arrays.asList("x", "-", ".", "x-n9.a", "x-n9.zz", "x-n1.zz", "x.b", "-n1.b", "x-.b")) {
            final Visitor visitor = Visitor.withSession(id);
            assertEquals(id, "{color=red}", visitor.get(a, "/set?color=red"));
            assertNotEquals(id, visitor.sessionId());
        }
    }

    @Test
    public void aContextWithAnotherSessionManagerWorksAsWithoutTheValve() throws Exception {
        final TestTomcat a = new TestTomcat("a", new StandardManager(), true);
        tomcats.add(a);
        final Visitor visitor = new Visitor();
        visitor.get(a, "/set?color=red");
        assertEquals("{color=red}", visitor.get(a, "/"));
    }

    private <T> List<T> atOnce(final int count, final Callable<T> call) throws Exception {
        final CountDownLatch start = new CountDownLatch(1);
        final List<Future<T>> futures = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            futures.add(threads.submit(() -> {
                start.await();
                return call.call();
            }));
        }
        start.countDown();
        final List<T> results = new ArrayList<>();
        for (final Future<T> future : futures) {
            results.add(future.get());
        }
        return results;
    }
}
