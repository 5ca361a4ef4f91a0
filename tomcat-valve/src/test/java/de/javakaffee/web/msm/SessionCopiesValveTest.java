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

public class SessionCopiesValveTest extends TwoTomcats {
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
        final TestTomcat a = start("a", n1, null);
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
    public void twoRequestsInOneMillisecondAreBothCopied() throws Exception {
        final TestTomcat a = tomcatA();
        final Visitor visitor = new Visitor();
        visitor.get(a, "/set?color=red");
        a.on("/blue", session -> {
            // As after a request of the same millisecond.
            a.manager().find(session.getId()).storeThisAccessedTimeFromLastBackupCheck();
            session.setAttribute("color", "blue");
        });
        visitor.get(a, "/blue");
        assertEquals("{color=blue}", visitor.get(tomcatB(), "/"));
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
        final TestTomcat a = new TestTomcat("a", new StandardManager(), valve());
        tomcats.add(a);
        final Visitor visitor = new Visitor();
        visitor.get(a, "/set?color=red");
        assertEquals("{color=red}", visitor.get(a, "/"));
    }
}
