<%--
  200 "ok" if the application works and its database answers, 503 and what is wrong if not. With ?shallow the database is left out: a
  director that asks so keeps the app servers when the database is down, and they say so themselves. Never makes a session.
--%>
<%@ page session="false" contentType="text/plain; charset=UTF-8" pageEncoding="UTF-8" trimDirectiveWhitespaces="true" %>
<%@ include file="/WEB-INF/jspf/notes.jspf" %>
<%
    response.setHeader("Cache-Control", "no-store");
    try {
        if (request.getParameter("shallow") == null) checkDatabase();
        out.println("ok");
    } catch (SQLException problem) {
        response.setStatus(HttpServletResponse.SC_SERVICE_UNAVAILABLE);
        out.println("database: " + explain(problem, application));
    }
%>
