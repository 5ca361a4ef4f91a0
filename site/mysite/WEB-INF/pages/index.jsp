<%@ page session="false" contentType="text/html; charset=UTF-8" pageEncoding="UTF-8" trimDirectiveWhitespaces="true" %>
<%@ taglib prefix="site" tagdir="/WEB-INF/tags" %>
<%@ include file="/WEB-INF/jspf/site.jspf" %>
<%@ include file="/WEB-INF/jspf/notes.jspf" %>
<%
    if (!takes(request, response, "GET", "HEAD", "POST")) return;
    request.setCharacterEncoding("UTF-8");
    response.setHeader("Cache-Control", "no-store");
    String draft = "";
    String problem = null;
    boolean databaseAnswers = true; // asked once per request: a database that hangs holds everybody up long enough

    if (request.getMethod().equals("POST")) {
        draft = cleanNote(request.getParameter("text"));
        if (draft.isEmpty()) {
            problem = "A note needs a text.";
            response.setStatus(HttpServletResponse.SC_BAD_REQUEST);
        } else if (draft.codePointCount(0, draft.length()) > NOTE_LIMIT) {
            problem = "A note has " + NOTE_LIMIT + " characters at most.";
            response.setStatus(HttpServletResponse.SC_BAD_REQUEST);
        } else {
            try {
                addNote(draft, node());
                // Only the path: the client knows better than this server by which name and port it came.
                response.setStatus(HttpServletResponse.SC_SEE_OTHER);
                response.setHeader("Location", request.getContextPath() + "/#notes");
                return;
            } catch (SQLException failure) {
                problem = "The note could not be stored. The database: " + explain(failure, application) + ".";
                // Not 503, which says that nothing was done: a director would have another app server do it, and it may be done already.
                response.setStatus(HttpServletResponse.SC_INTERNAL_SERVER_ERROR);
                databaseAnswers = false;
            }
        }
    }

    List<Map<String, String>> notes = Collections.emptyList();
    try {
        if (databaseAnswers) notes = listNotes();
    } catch (SQLException failure) {
        if (problem == null) problem = "The notes cannot be shown at the moment. The database: " + explain(failure, application) + ".";
    }

    // Directors ask with HEAD every few seconds: that must not fill the memcacheds with sessions.
    if (!request.getMethod().equals("HEAD")) {
        HttpSession session = request.getSession();
        request.setAttribute("count", request.getMethod().equals("GET") ? addOne(session) : count(session));
        request.setAttribute("session", session.getId());
    }
    request.setAttribute("node", node());
    request.setAttribute("notes", notes);
    request.setAttribute("problem", problem);
    request.setAttribute("draft", draft);
%>
<site:layout title="A highly available site">
    <dl class="facts">
        <div><dt>Served by</dt><dd id="node"><site:text value="${requestScope.node}"/></dd></div>
        <div><dt>Requests counted in this session</dt><dd id="count"><site:text value="${requestScope.count}"/></dd></div>
        <div class="wide"><dt>Session</dt><dd id="session"><code><site:text value="${requestScope.session}"/></code></dd></div>
    </dl>

    <h2 id="notes">Notes</h2>
    <site:problem text="${requestScope.problem}"/>
    <form method="post" action="./">
        <label for="text">New note</label>
        <textarea id="text" name="text" rows="3" required maxlength="500"><site:text value="${requestScope.draft}"/></textarea>
        <button>Add</button>
    </form>
    <site:notes notes="${requestScope.notes}"/>
</site:layout>
