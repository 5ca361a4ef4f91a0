package de.javakaffee.web.msm;

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
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import org.apache.catalina.Valve;
import org.junit.After;
import org.junit.Before;

/** Two Tomcats and two memcacheds as in the lab: the memcached on a Tomcat's own machine is its failover node. */
abstract class TwoTomcats {
    static final long PATIENCE_MS = 10_000;

    /** More than the valve's own 6 s, for machines that are busy with other things. */
    private static final long COPIES_BACK_MS = 30_000;

    TestMemcached n1;
    TestMemcached n2;
    final List<TestTomcat> tomcats = new ArrayList<>();
    final ExecutorService threads = Executors.newCachedThreadPool();
    final TestClock clock = new TestClock();
    private final Logger logger = Logger.getLogger("de.javakaffee.web.msm");
    private final List<LogRecord> records = new CopyOnWriteArrayList<>();
    private final Handler recorder = new Handler() {
        @Override
        public void publish(final LogRecord entry) {
            records.add(entry);
        }

        @Override
        public void flush() {
        }

        @Override
        public void close() {
        }
    };

    @Before
    public void startMemcacheds() throws Exception {
        logger.addHandler(recorder);
        n1 = new TestMemcached("n1");
        n2 = new TestMemcached("n2");
    }

    @After
    public void stop() throws Exception {
        logger.removeHandler(recorder);
        threads.shutdownNow();
        for (final TestTomcat tomcat : tomcats) {
            tomcat.close();
        }
        n1.close();
        n2.close();
    }

    /** Its sessions' copies go to n2. */
    TestTomcat tomcatA() throws Exception {
        return start("a", n1, valve());
    }

    /** Its new sessions' copies go to n1. */
    TestTomcat tomcatB() throws Exception {
        return start("b", n2, valve());
    }

    SessionCopiesValve valve() {
        return new SessionCopiesValve(COPIES_BACK_MS, clock.clock);
    }

    /** @param valve null for none */
    TestTomcat start(final String route, final TestMemcached failoverNode, final Valve valve) throws Exception {
        final TestTomcat tomcat =
            new TestTomcat(route, TestTomcat.sessionManager(Arrays.asList(n1, n2), failoverNode), valve);
        tomcats.add(tomcat);
        // MSM makes no copy for a memcached that it has not reached yet.
        eventually("both memcacheds are reached", () ->
            tomcat.manager().isAvailable("n1") && tomcat.manager().isAvailable("n2"));
        return tomcat;
    }

    /** The valve's warnings that contain a text. */
    List<String> warnings(final String text) {
        return records.stream()
            .filter(each -> each.getLevel().intValue() >= Level.WARNING.intValue())
            .map(LogRecord::getMessage)
            .filter(message -> message.contains(text))
            .collect(Collectors.toList());
    }

    static void eventually(final String what, final Callable<Boolean> condition) throws Exception {
        final long start = System.currentTimeMillis();
        while (!condition.call()) {
            assertTrue(what, System.currentTimeMillis() - start < PATIENCE_MS);
            Thread.sleep(50);
        }
    }

    <T> List<T> atOnce(final int count, final Callable<T> call) throws Exception {
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
