package de.javakaffee.web.msm;

import static org.junit.Assert.assertEquals;

import java.net.HttpURLConnection;
import org.junit.Test;

public class SessionLimitTest extends TwoTomcats {
    private TestTomcat withLimit(final String route, final TestMemcached failoverNode, final int maxSessions) throws Exception {
        final SessionCopiesValve valve = valve();
        valve.setMaxSessions(maxSessions);
        return start(route, failoverNode, valve);
    }

    @Test
    public void newVisitorsAreRefusedAndSessionsThatAreThereGoOn() throws Exception {
        final TestTomcat a = withLimit("a", n1, 2);
        final Visitor one = new Visitor();
        final Visitor two = new Visitor();
        one.get(a, "/set?color=red");
        two.get(a, "/set?color=blue");
        for (int i = 0; i < 3; i++) {
            final HttpURLConnection refused = new Visitor().ask(a, "/set?color=green");
            assertEquals(429, refused.getResponseCode());
            assertEquals("60", refused.getHeaderField("Retry-After"));
        }
        assertEquals(1, warnings("there are 2 sessions, and sessions.max allows 2").size());
        assertEquals("{color=red}", one.get(a, "/"));
        assertEquals("{color=blue, shape=round}", two.get(a, "/set?shape=round"));
        assertEquals("a page without a session needs none", "", new Visitor().get(a, "/none"));
    }

    @Test
    public void anotherExceptionOfTheApplicationStaysWhatItIs() throws Exception {
        final TestTomcat a = withLimit("a", n1, 2);
        a.on("/fails", session -> {
            throw new IllegalStateException("not about sessions");
        });
        assertEquals(500, new Visitor().ask(a, "/fails").getResponseCode());
    }

    @Test
    public void sessionsOfAnotherTomcatAreTakenOverBeyondTheLimit() throws Exception {
        final TestTomcat a = withLimit("a", n1, 2);
        final TestTomcat b = withLimit("b", n2, 1);
        final Visitor ofB = new Visitor();
        ofB.get(b, "/set?color=green");
        for (final String color : new String[] {"red", "blue"}) {
            final Visitor visitor = new Visitor();
            visitor.get(a, "/set?color=" + color);
            assertEquals("{color=" + color + "}", visitor.get(b, "/"));
        }
        assertEquals(3, b.manager().tomcats().getActiveSessions());
        assertEquals(429, new Visitor().ask(b, "/set?color=black").getResponseCode());
        assertEquals("{color=green}", ofB.get(b, "/"));
    }
}
