<%@ tag pageEncoding="UTF-8" trimDirectiveWhitespaces="true" body-content="empty" description="The footer of every page: its text is here and nowhere else." %>
<footer>Two directors, two application servers, two memcacheds and one database.</footer>
