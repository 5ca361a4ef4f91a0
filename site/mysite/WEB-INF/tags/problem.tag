<%@ tag pageEncoding="UTF-8" trimDirectiveWhitespaces="true" body-content="empty" description="What went wrong, if anything did." %>
<%@ attribute name="text" required="true" %>
<%@ taglib prefix="site" tagdir="/WEB-INF/tags" %>
<% if (text != null && !text.isEmpty()) { %>
<p class="problem" role="alert"><site:text value="${text}"/></p>
<% } %>
