<%--
  The session's counter for machines: POST ?op=add adds one, GET reads. Answers {"node": ..., "session": ..., "count": ...}; the session
  is null for a GET without one.
--%>
<%@ page session="false" contentType="application/json; charset=UTF-8" pageEncoding="UTF-8" trimDirectiveWhitespaces="true" %>
<%@ include file="/WEB-INF/jspf/site.jspf" %>
<%!
    static String quote(String text) {
        return text == null ? "null" : '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
%>
<%
    if (!takes(request, response, "GET", "HEAD", "POST")) return;
    response.setHeader("Cache-Control", "no-store");
    boolean add = request.getMethod().equals("POST");
    if (add && !"add".equals(request.getParameter("op"))) {
        response.setStatus(HttpServletResponse.SC_BAD_REQUEST);
        out.print("{\"error\":\"op=add is all that can be posted\"}");
        return;
    }
    HttpSession session = request.getSession(add);
    int count = add ? addOne(session) : count(session);
    out.print("{\"node\":" + quote(node()) + ",\"session\":" + quote(session == null ? null : session.getId()) + ",\"count\":" + count + "}");
%>
