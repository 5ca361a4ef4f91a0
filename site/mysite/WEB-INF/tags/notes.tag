<%@ tag pageEncoding="UTF-8" trimDirectiveWhitespaces="true" body-content="empty" description="The notes, as a list." %>
<%@ attribute name="notes" required="true" type="java.util.List" %>
<%@ taglib prefix="site" tagdir="/WEB-INF/tags" %>
<ul class="notes">
<% for (Object note : notes) { jspContext.setAttribute("note", note); %>
    <li>
        <p><site:text value="${note.text}"/></p>
        <small><time><site:text value="${note.time}"/></time>, stored by <site:text value="${note.node}"/></small>
    </li>
<% } %>
</ul>
