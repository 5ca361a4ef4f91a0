<%@ tag pageEncoding="UTF-8" trimDirectiveWhitespaces="true" body-content="empty" description="Text in HTML, escaped: the only way in which these pages write a value." %>
<%@ attribute name="value" required="true" type="java.lang.Object" %>
<%
    String text = value == null ? "" : value.toString();
    out.print(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;").replace("'", "&#39;"));
%>
