<?php
// The main tasks in PHP with its curl extension:  php gateway.php send TO TEXT | wait ID | events AFTER
// Receiving:  SECRET=whsec_... php -S 127.0.0.1:PORT gateway.php
// GSMGW_SOCKET names the gateway's socket.

function handle(string $method, string $path, array $headers = [])
{
    $curl = curl_init("http://gsmgw$path");
    curl_setopt_array($curl, [
        CURLOPT_UNIX_SOCKET_PATH => getenv('GSMGW_SOCKET') ?: '/run/gsmgw/gsmgw.sock',
        CURLOPT_CUSTOMREQUEST => $method,
        CURLOPT_HTTPHEADER => $headers,
        CURLOPT_RETURNTRANSFER => true,
    ]);
    return $curl;
}

function call(string $method, string $path, ?array $body = null, array $headers = [], int $tries = 1): array
{
    $curl = handle($method, $path, [...$headers, 'Content-Type: application/json']);
    if ($body !== null) {
        curl_setopt($curl, CURLOPT_POSTFIELDS, json_encode($body, JSON_THROW_ON_ERROR));
    }
    do {
        $text = curl_exec($curl);
    } while ($text === false && --$tries > 0);
    if ($text === false) {
        throw new RuntimeException(curl_error($curl));
    }
    $answer = json_decode($text, true, flags: JSON_THROW_ON_ERROR);
    if (curl_getinfo($curl, CURLINFO_RESPONSE_CODE) >= 300) {
        throw new RuntimeException("{$answer['code']}: {$answer['detail']}");
    }
    return $answer;
}

function send(string $to, string $text): array
{
    // Repeating a lost request with the same Idempotency-Key does not send the message twice.
    $key = bin2hex(random_bytes(16));
    return call('POST', '/v1/messages', ['to' => $to, 'text' => $text], ["Idempotency-Key: $key"], 3);
}

function waitFor(string $id): array
{
    while (!in_array(($message = call('GET', "/v1/messages/$id"))['status'],
        ['delivered', 'undelivered', 'failed', 'expired', 'canceled'])) {
        usleep(500_000);
    }
    return $message;
}

// Call $take for each event after $after; after a lost connection it continues at the same position.
function events(int $after, callable $take): never
{
    for (;;) {
        $rest = '';
        $curl = handle('GET', '/v1/events?types=message.*', ["Last-Event-ID: $after"]);
        curl_setopt($curl, CURLOPT_WRITEFUNCTION, function ($_, string $piece) use (&$rest, &$after, $take): int {
            $lines = explode("\n", $rest . $piece);
            $rest = array_pop($lines);
            foreach ($lines as $line) {
                if (str_starts_with($line, 'data:')) {
                    $event = json_decode(substr($line, 5), true, flags: JSON_THROW_ON_ERROR);
                    $after = $event['id'];
                    $take($event);
                }
            }
            return strlen($piece);
        });
        curl_exec($curl);
        sleep(1);
    }
}

// Standard Webhooks: HMAC-SHA256 over id, time stamp and body; one of several signatures must match.
function verified(string $secret, string $id, string $stamp, string $signatures, string $body): bool
{
    if (abs(time() - (int) $stamp) > 300) {
        return false;
    }
    $key = base64_decode(substr($secret, strlen('whsec_')));
    $wanted = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$stamp.$body", $key, true));
    foreach (explode(' ', $signatures) as $one) {
        if (hash_equals($wanted, $one)) {
            return true;
        }
    }
    return false;
}

if (PHP_SAPI === 'cli-server') {
    $body = file_get_contents('php://input');
    $head = fn (string $name): string => $_SERVER["HTTP_WEBHOOK_$name"] ?? '';
    if (!verified(getenv('SECRET'), $head('ID'), $head('TIMESTAMP'), $head('SIGNATURE'), $body)) {
        http_response_code(401);
        exit;
    }
    file_put_contents('php://stdout', "$body\n"); // the same event may arrive twice, with the same webhook-id
    http_response_code(204);
    exit;
}

[$task, $arguments] = [$argv[1] ?? '', array_slice($argv, 2)];
if (count($arguments) !== (['send' => 2, 'wait' => 1, 'events' => 1][$task] ?? -1)) {
    fwrite(STDERR, "usage: php gateway.php send TO TEXT | wait ID | events AFTER\n");
    exit(2);
}
try {
    if ($task === 'send') {
        echo json_encode(send(...$arguments)), "\n";
    } elseif ($task === 'wait') {
        echo json_encode(waitFor($arguments[0])), "\n";
    } else {
        events((int) $arguments[0], function (array $event): void {
            echo json_encode($event), "\n";
        });
    }
} catch (RuntimeException | JsonException $error) {
    fwrite(STDERR, "gateway.php: {$error->getMessage()}\n");
    exit(1);
}
