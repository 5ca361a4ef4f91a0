SET SESSION group_concat_max_len = 1000000;
SET @gone = (SELECT GROUP_CONCAT(QUOTE(user), '@', QUOTE(host)) FROM mysql.user WHERE user REGEXP CONCAT('^(', @users, ')(_[0-9a-f]{6})?$') AND NOT (user = 'site_df6646' AND host IN ('192.168.0.200', '192.168.0.202')));
SET @statement = IF(@gone IS NULL, 'DO 0', CONCAT('DROP USER ', @gone));
PREPARE forget FROM @statement;
EXECUTE forget;
