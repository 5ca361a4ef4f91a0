package de.javakaffee.web.msm;

import static org.junit.Assert.assertEquals;

import org.junit.Test;

public class CrawlerSessionsTest extends TwoTomcats {
    private static final String NAME = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

    private static int sessions(final TestTomcat tomcat) {
        return tomcat.manager().tomcats().getActiveSessions();
    }

    @Test
    public void aCrawlerHasOneSessionOfAMinuteAndOtherVisitorsOneEach() throws Exception {
        final TestTomcat a = tomcatA();
        final Visitor crawler = Visitor.withoutCookies(NAME);
        for (int i = 0; i < 5; i++) {
            crawler.get(a, "/set?page=" + i);
        }
        assertEquals(1, sessions(a));
        assertEquals(60, a.manager().tomcats().findSessions()[0].getMaxInactiveInterval());
        Visitor.withoutCookies("another spider").get(a, "/");
        assertEquals(2, sessions(a));
        final Visitor visitor = Visitor.withoutCookies("Browser");
        visitor.get(a, "/");
        visitor.get(a, "/");
        assertEquals(4, sessions(a));
    }

    @Test
    public void theSessionStaysTheSameWhenItsCopyMoves() throws Exception {
        final TestTomcat a = tomcatA();
        final Visitor crawler = Visitor.withoutCookies(NAME);
        crawler.get(a, "/set?color=red");
        n2.stop();
        eventually("it goes to the failover node", () -> {
            assertEquals("{color=red}", crawler.get(a, "/"));
            return a.manager().tomcats().findSessions()[0].getIdInternal().endsWith("-n1.a");
        });
        n2.start();
        eventually("and comes back", () -> {
            assertEquals("{color=red}", crawler.get(a, "/"));
            return a.manager().tomcats().findSessions()[0].getIdInternal().endsWith("-n2.a");
        });
        assertEquals(1, sessions(a));
    }

    @Test
    public void aCrawlerThatSendsItsCookieKeepsItsOwnSession() throws Exception {
        final TestTomcat a = tomcatA();
        Visitor.withoutCookies(NAME).get(a, "/set?color=red");
        final Visitor own = new Visitor();
        own.get(a, "/set?color=blue");
        assertEquals("{color=blue}", own.as(NAME).get(a, "/"));
    }

    @Test
    public void anEndedSessionIsReplacedByOneOther() throws Exception {
        final TestTomcat a = tomcatA();
        a.on("/end", session -> session.invalidate());
        final Visitor crawler = Visitor.withoutCookies(NAME);
        crawler.get(a, "/set?color=red");
        crawler.get(a, "/end");
        assertEquals("{}", crawler.get(a, "/"));
        assertEquals("{color=blue}", crawler.get(a, "/set?color=blue"));
        assertEquals(1, sessions(a));
    }

    @Test
    public void theOtherTomcatHasASessionOfItsOwnForIt() throws Exception {
        final TestTomcat a = tomcatA();
        final TestTomcat b = tomcatB();
        final Visitor crawler = Visitor.withoutCookies(NAME);
        for (int i = 0; i < 3; i++) {
            crawler.get(a, "/set?at=a");
            crawler.get(b, "/set?at=b");
        }
        assertEquals(1, sessions(a));
        assertEquals(1, sessions(b));
    }
}
