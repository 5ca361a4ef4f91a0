<%@ tag pageEncoding="UTF-8" trimDirectiveWhitespaces="true" body-content="scriptless" description="The frame of every page." %>
<%@ attribute name="title" required="true" %>
<%@ taglib prefix="site" tagdir="/WEB-INF/tags" %>
<%
    HttpServletResponse http = (HttpServletResponse) ((PageContext) jspContext).getResponse();
    http.setHeader("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'");
    http.setHeader("X-Content-Type-Options", "nosniff");
    http.setHeader("Referrer-Policy", "same-origin");
%>
<!DOCTYPE html>
<html lang="en">
<head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title><site:text value="${title}"/></title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/style.css">
</head>
<body>
<main>
    <h1><site:text value="${title}"/></h1>
    <jsp:doBody/>
</main>
<site:footer/>
</body>
</html>
