package de.javakaffee.web.msm;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import org.junit.Test;
import org.junit.runner.RunWith;
import org.junit.runners.Parameterized;
import org.junit.runners.Parameterized.Parameter;
import org.junit.runners.Parameterized.Parameters;

/**
 * A test cannot set the time of day that Tomcat sees. It lets the sessions' times be by another time of day, as if they came from before the
 * jump, and then shows the valve the machine's.
 */
@RunWith(Parameterized.class)
public class ClockJumpTest extends TwoTomcats {
    private static final long HOUR_MS = 3_600_000;
    private static final long TOLERANCE_MS = 10_000;

    @Parameter
    public long jump;

    @Parameters(name = "{0} ms")
    public static Object[] jumps() {
        return new Object[] {3 * HOUR_MS, -3 * HOUR_MS};
    }

    private MemcachedBackupSession onlySession(final TestTomcat tomcat) {
        return (MemcachedBackupSession) tomcat.manager().tomcats().findSessions()[0];
    }

    private void assertIsNow(final long time) {
        assertEquals("is now, in steps of " + TOLERANCE_MS + " ms", 0, (time - System.currentTimeMillis()) / TOLERANCE_MS);
    }

    private void assertTimesAreNow(final MemcachedBackupSession session) {
        assertIsNow(session.getThisAccessedTimeInternal());
        assertIsNow(session.getLastAccessedTimeInternal());
        assertIsNow(session.getCreationTimeInternal());
        assertIsNow(session.getLastBackupTime());
    }

    /** A session that no request has made: Tomcat sets times once more after the answer has left. */
    private Visitor withSession(final TestTomcat tomcat) throws Exception {
        final MemcachedBackupSession session = tomcat.manager().tomcats().createSession(null);
        session.setAttribute("color", "red");
        SessionManager.moveTimes(session, -jump);
        tomcat.manager().service().backupSession(session.getIdInternal(), true, "first copy").get();
        session.setLastBackupTime(session.getThisAccessedTimeInternal());
        return Visitor.withSession(session.getIdInternal());
    }

    private TestTomcat beforeTheJump() throws Exception {
        clock.set(-jump);
        return tomcatA();
    }

    @Test
    public void aRequestFindsItsSession() throws Exception {
        final TestTomcat a = beforeTheJump();
        final Visitor visitor = withSession(a);
        clock.set(0);
        assertEquals("{color=red}", visitor.get(a, "/"));
        assertTimesAreNow(onlySession(a));
        assertEquals("{color=red}", visitor.get(tomcatB(), "/"));
    }

    @Test
    public void tomcatsLookForExpiredSessionsFindsNone() throws Exception {
        final TestTomcat a = beforeTheJump();
        withSession(a);
        a.manager().tomcats().setProcessExpiresFrequency(1);
        clock.set(0);
        a.backgroundProcess();
        assertTimesAreNow(onlySession(a));
    }

    @Test
    public void idleSessionsFollowWithoutARequest() throws Exception {
        final TestTomcat a = beforeTheJump();
        withSession(a);
        final MemcachedBackupSession session = onlySession(a);
        clock.set(0);
        eventually("the times are right", () ->
            Math.abs(session.getLastBackupTime() - System.currentTimeMillis()) < TOLERANCE_MS);
        assertTimesAreNow(session);
        assertTrue(session.isValid());
    }

    @Test
    public void aSessionThatARequestHasAccessedSinceTheJumpStays() throws Exception {
        final TestTomcat a = beforeTheJump();
        withSession(a);
        SessionManager.moveTimes(onlySession(a), jump);
        clock.set(0);
        new Visitor().get(a, "/none");
        assertTimesAreNow(onlySession(a));
    }

    @Test
    public void theJumpBackIsFollowedToo() throws Exception {
        final TestTomcat a = beforeTheJump();
        withSession(a);
        clock.set(0);
        new Visitor().get(a, "/none");
        assertTimesAreNow(onlySession(a));
        clock.set(-jump);
        // Further than any time that a request may just have set.
        SessionManager.moveTimes(onlySession(a), -60_000);
        new Visitor().get(a, "/none");
        assertIsNow(onlySession(a).getThisAccessedTimeInternal() + jump + 60_000);
        assertEquals(2, warnings("The time of day has jumped").size());
    }

    @Test
    public void aCopyIsAliveWhateverItsTimesSay() throws Exception {
        final Visitor visitor = withSession(tomcatA());
        final TestTomcat b = tomcatB();
        assertEquals("{color=red}", visitor.get(b, "/"));
        final long since = System.currentTimeMillis() - onlySession(b).getCreationTimeInternal();
        assertTrue("created " + since + " ms ago", since >= 0 && since < TOLERANCE_MS);
        assertIsNow(onlySession(b).getThisAccessedTimeInternal());
    }

    @Test
    public void whatMsmRemembersOfMemcachedsIsForgotten() throws Exception {
        final TestTomcat a = beforeTheJump();
        a.manager().nodes().setNodeAvailable("n2", false);
        clock.set(0);
        new Visitor().get(a, "/none");
        assertTrue(a.manager().isAvailable("n2"));
    }
}
