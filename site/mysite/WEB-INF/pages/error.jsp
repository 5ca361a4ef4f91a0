<%@ page session="false" contentType="text/html; charset=UTF-8" pageEncoding="UTF-8" trimDirectiveWhitespaces="true" %>
<%@ taglib prefix="site" tagdir="/WEB-INF/tags" %>
<%
    Integer status = (Integer) request.getAttribute(RequestDispatcher.ERROR_STATUS_CODE);
    boolean notFound = status != null && status == HttpServletResponse.SC_NOT_FOUND;
    request.setAttribute("title", notFound ? "There is no such page" : "That did not work");
%>
<site:layout title="${requestScope.title}">
    <p><a href="/">To the start</a></p>
</site:layout>
