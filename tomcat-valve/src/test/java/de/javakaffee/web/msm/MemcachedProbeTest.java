package de.javakaffee.web.msm;

import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;

import org.junit.After;
import org.junit.Before;
import org.junit.Test;

public class MemcachedProbeTest {
    private TestMemcached memcached;
    private MemcachedProbe probe;

    @Before
    public void start() throws Exception {
        memcached = new TestMemcached("n1");
        probe = new MemcachedProbe(memcached.address());
    }

    @After
    public void stop() throws Exception {
        probe.close();
        memcached.close();
    }

    @Test
    public void aMemcachedThatStaysIsUninterrupted() {
        assertTrue(probe.isUninterrupted());
        assertTrue(probe.isUninterrupted());
    }

    @Test
    public void aRestartBetweenTwoCallsIsAnInterruptionOnce() throws Exception {
        assertTrue(probe.isUninterrupted());
        memcached.stop();
        memcached.start();
        assertFalse(probe.isUninterrupted());
        assertTrue(probe.isUninterrupted());
    }

    @Test
    public void oneThatDoesNotAnswerIsInterruptedUntilItHasReturned() throws Exception {
        memcached.stop();
        assertFalse(probe.isUninterrupted());
        assertFalse(probe.isUninterrupted());
        memcached.start();
        assertFalse("it may have been another one with other content", probe.isUninterrupted());
        assertTrue(probe.isUninterrupted());
    }
}
