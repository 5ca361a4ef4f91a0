package de.javakaffee.web.msm;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.Test;

public class LargeSessionTest extends TwoTomcats {
    private TestTomcat withLimit(final String route, final TestMemcached failoverNode) throws Exception {
        final SessionCopiesValve valve = valve();
        valve.setMaxKiB(TestMemcached.MAX_ITEM_KIB - 1);
        final TestTomcat tomcat = start(route, failoverNode, valve);
        tomcat.on("/large", session -> {
            final byte[] content = new byte[150 * 1024];
            new Random(1).nextBytes(content);
            session.setAttribute("large", content);
        });
        tomcat.on("/small", session -> session.removeAttribute("large"));
        return tomcat;
    }

    @Test
    public void nobodyElsesSessionMovesAndTheLogTellsOnce() throws Exception {
        final TestTomcat a = withLimit("a", n1);
        final Visitor other = new Visitor();
        other.get(a, "/set?color=red");
        final String othersId = other.sessionId();
        final Visitor large = new Visitor();
        large.get(a, "/set?color=blue");
        for (int i = 0; i < 3; i++) {
            large.get(a, "/large");
            assertEquals("{color=red, request=" + i + "}", other.get(a, "/set?request=" + i));
        }
        assertEquals("n2", large.node());
        assertEquals(othersId, other.sessionId());
        assertTrue("n2 is not taken for dead", a.manager().isAvailable("n2"));
        final List<String> told = warnings("has no copy");
        assertEquals(told.toString(), 1, told.size());
        assertTrue(told.toString(), told.get(0).contains(large.sessionId() + " has no copy"));
        assertTrue(told.toString(), told.get(0).contains("it has 150 KiB, and sessions.maxKiB allows 99"));
        assertEquals("no other warning", 1, warnings("").size());
        assertEquals("{color=red, request=2}", other.get(withLimit("b", n2), "/"));
    }

    @Test
    public void aSessionThatHasGrownDoesNotComeBackAsItWas() throws Exception {
        final Visitor visitor = new Visitor();
        final TestTomcat a = withLimit("a", n1);
        visitor.get(a, "/set?color=red");
        visitor.get(a, "/large");
        final String id = visitor.sessionId();
        assertEquals("{}", visitor.get(withLimit("b", n2), "/"));
        assertEquals(1, warnings("Session " + id + " is lost with its Tomcat").size());
    }

    /** MSM 1.8.3 compresses copies. */
    @Test
    public void whatCountsIsTheSizeInMemcached() throws Exception {
        final TestTomcat a = withLimit("a", n1);
        final TestTomcat b = withLimit("b", n2);
        final AtomicInteger found = new AtomicInteger();
        a.on("/zeros", session -> session.setAttribute("zeros", new byte[150 * 1024]));
        b.on("/look", session -> found.set(session.getAttribute("zeros") == null ? 0 : 150));
        final Visitor visitor = new Visitor();
        visitor.get(a, "/zeros");
        visitor.get(b, "/look");
        final boolean isCompressed = a.manager().storedBytes(new byte[150 * 1024]) < 1024;
        assertEquals(isCompressed ? 150 : 0, found.get());
        assertEquals(isCompressed ? 0 : 1, warnings("has no copy").size());
    }

    @Test
    public void aNewSessionMayBeTooLargeAtOnce() throws Exception {
        final Visitor visitor = new Visitor();
        visitor.get(withLimit("a", n1), "/large");
        assertEquals("n2", visitor.node());
        assertEquals(1, warnings("has no copy").size());
    }

    @Test
    public void aSessionThatShrinksHasACopyAgain() throws Exception {
        final TestTomcat a = withLimit("a", n1);
        final Visitor visitor = new Visitor();
        visitor.get(a, "/set?color=red");
        visitor.get(a, "/large");
        visitor.get(a, "/small");
        visitor.get(a, "/large");
        assertEquals("it is told each time that it grows", 2, warnings("has no copy").size());
        visitor.get(a, "/small");
        assertEquals("{color=red}", visitor.get(withLimit("b", n2), "/"));
    }
}
