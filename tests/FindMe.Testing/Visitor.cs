using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace FindMe.Testing;

/// <summary>A person with their own browser: calls FindMe's REST API and keeps its cookie.</summary>
/// <param name="address">Address of the page.</param>
/// <param name="cookies">The cookies of an earlier visit; null for none.</param>
/// <param name="from">The local address to connect from, in 127.0.0.0/8; null for the default.</param>
/// <param name="retries">Whether to retry failed requests and 5xx responses for 60 s.</param>
internal sealed class Visitor(Uri address, CookieCollection? cookies = null, IPAddress? from = null, bool retries = false) : IDisposable
{
    // Api does not respond while it restarts.
    private static readonly TimeSpan RetryTime = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(60);

    private readonly CookieContainer _cookies = Keep(address, cookies);
    private HttpClient? _http;

    public HttpClient Http => _http ??= new HttpClient(retries ? new Retrying(this) { InnerHandler = Handler(from, _cookies) } : Handler(from, _cookies))
    {
        BaseAddress = address,
        Timeout = retries ? RetryTime + RequestTimeout : RequestTimeout,
    };

    /// <summary>Number of retries.</summary>
    public int Failures { get; private set; }

    /// <summary>The browser's cookies.</summary>
    public CookieCollection Cookies => _cookies.GetCookies(address);

    /// <summary>The cookie's value, a secret that must not appear anywhere else.</summary>
    public string Cookie => _cookies.GetCookies(address)["findme"]!.Value;

    public async Task AgreeAsync()
    {
        var consent = await GetAsync("/api/consent");
        using var answer = await Http.PostAsJsonAsync("/api/consent", new { version = consent["version"]!.GetValue<string>() });
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
    }

    public async Task<HttpResponseMessage> TryShowAsync(byte[] photo, int? face = null, bool replace = false)
    {
        using var form = new MultipartFormDataContent();
        var content = new ByteArrayContent(photo);
        content.Headers.ContentType = new MediaTypeHeaderValue("image/jpeg");
        form.Add(content, "photo", "me.jpg");
        if (face is { } index)
        {
            form.Add(new StringContent($"{index}"), "face");
        }

        if (replace)
        {
            form.Add(new StringContent("true"), "replace");
        }

        return await Http.PostAsync(new Uri("/api/references", UriKind.Relative), form);
    }

    /// <summary>Consents and uploads a selfie.</summary>
    public async Task<JsonNode> ShowAsync(string photo, int? face = null)
    {
        await AgreeAsync();
        using var answer = await TryShowAsync(await File.ReadAllBytesAsync(photo), face);
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.Created, $"{(int)answer.StatusCode} {body}");
        return JsonNode.Parse(body)!;
    }

    /// <summary>Consents and uploads the leftmost face of the first demo photo.</summary>
    public Task<JsonNode> ShowDemoFaceAsync() => ShowAsync(Checkouts.DemoPhotos[0], face: 0);

    public Task<string> SearchAsync(string album) => SearchAsync(new { source = "album", query = album });

    public async Task<string> SearchAsync(object wish)
    {
        using var answer = await Http.PostAsJsonAsync("/api/searches", wish);
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.Accepted, $"{(int)answer.StatusCode} {body}");
        var id = JsonNode.Parse(body)!["id"]!.GetValue<string>();
        Assert.Equal($"/api/searches/{id}", answer.Headers.Location!.OriginalString);
        return id;
    }

    /// <summary>Sends photos as a ZIP file, searches it and waits for the end.</summary>
    public async Task<(string Upload, string Search)> SearchZipAsync(params (string Name, byte[] Bytes)[] photos)
    {
        using var zip = new MemoryStream();
        using (var archive = new ZipArchive(zip, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, bytes) in photos)
            {
                await using var entry = archive.CreateEntry(name, CompressionLevel.Fastest).Open();
                await entry.WriteAsync(bytes);
            }
        }

        using var content = new ByteArrayContent(zip.ToArray()) { Headers = { ContentType = new MediaTypeHeaderValue("application/zip") } };
        using var sent = await Http.PostAsync(new Uri("/api/uploads", UriKind.Relative), content);
        var body = await sent.Content.ReadAsStringAsync();
        Assert.True(sent.StatusCode == HttpStatusCode.Created, $"{(int)sent.StatusCode} {body}");
        var upload = JsonNode.Parse(body)!["id"]!.GetValue<string>();
        var search = await SearchAsync(new { source = "zip", query = upload });
        await UntilEndedAsync(search);
        return (upload, search);
    }

    public async Task<JsonNode> GetAsync(string path)
    {
        using var answer = await Http.GetAsync(new Uri(path, UriKind.Relative));
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"GET {path}: {(int)answer.StatusCode} {body}");
        return JsonNode.Parse(body)!;
    }

    public async Task<HttpStatusCode> StatusOfAsync(HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, path);
        using var answer = await Http.SendAsync(request);
        return answer.StatusCode;
    }

    /// <summary>Waits until the search meets a condition.</summary>
    public Task<JsonNode> UntilAsync(string search, Func<JsonNode, bool> stands, int seconds = 120) =>
        UntilAsync(search, stands, TimeSpan.FromSeconds(seconds), TimeSpan.FromMilliseconds(50));

    private async Task<JsonNode> UntilAsync(string search, Func<JsonNode, bool> stands, TimeSpan timeout, TimeSpan interval)
    {
        using var deadline = new CancellationTokenSource(timeout);
        JsonNode? last = null;
        while (!deadline.IsCancellationRequested)
        {
            try
            {
                last = await GetAsync($"/api/searches/{search}");
                if (stands(last))
                {
                    return last;
                }
            }
            catch (HttpRequestException)
            {
                // FindMe is restarting.
            }

            await Task.Delay(interval, CancellationToken.None);
        }

        throw new TimeoutException(
            $"After {timeout.TotalSeconds:0} s the search is {last?["status"]} {last?["photos"]?.ToJsonString()} {last?["problem"]?.ToJsonString()}");
    }

    public Task<JsonNode> UntilEndedAsync(string search, int seconds = 120) => UntilEndedAsync(search, TimeSpan.FromSeconds(seconds), TimeSpan.FromMilliseconds(50));

    /// <summary>Waits until the search has ended.</summary>
    /// <param name="search">The search's id.</param>
    /// <param name="timeout">Maximum time to wait.</param>
    /// <param name="interval">Polling interval; null for 200 ms.</param>
    /// <exception cref="TimeoutException">The search has not ended in time.</exception>
    public Task<JsonNode> UntilEndedAsync(string search, TimeSpan timeout, TimeSpan? interval = null) =>
        UntilAsync(search, view => Status(view) is "finished" or "failed" or "cancelled", timeout, interval ?? TimeSpan.FromMilliseconds(200));

    public static string Status(JsonNode view) => view["status"]!.GetValue<string>();

    public static int Count(JsonNode view, string which) => view["photos"]![which]!.GetValue<int>();

    /// <summary>Reads the search's events until the stream ends.</summary>
    public async Task<List<(string Id, JsonNode Data)>> EventsAsync(string search, string? lastEventId = null, int atMost = int.MaxValue, string? within = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/searches/{search}/events{(within is null ? "" : $"?within={within}")}");
        if (lastEventId is not null)
        {
            request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
        }

        using var answer = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        var events = new List<(string, JsonNode)>();
        string id = "", data = "";
        while (events.Count < atMost && await reader.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("id:", StringComparison.Ordinal))
            {
                id = line[3..].Trim();
            }
            else if (line.StartsWith("data:", StringComparison.Ordinal))
            {
                data += line[5..];
            }
            else if (line.Length == 0 && data.Length > 0)
            {
                events.Add((id, JsonNode.Parse(data)!));
                data = "";
            }
        }

        return events;
    }

    /// <summary>Creates a handler without a proxy that connects from a local address.</summary>
    /// <param name="from">The address, in 127.0.0.0/8; null for the default.</param>
    /// <param name="cookies">The cookie container; null for none.</param>
    public static SocketsHttpHandler Handler(IPAddress? from, CookieContainer? cookies = null)
    {
        var handler = new SocketsHttpHandler { UseProxy = false, UseCookies = cookies is not null };
        if (cookies is not null)
        {
            handler.CookieContainer = cookies;
        }

        if (from is not null)
        {
            handler.ConnectCallback = async (context, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                socket.Bind(new IPEndPoint(from, 0));
                await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            };
        }

        return handler;
    }

    public void Dispose() => _http?.Dispose();

    // Cookies ignore the port: those of an earlier start stay valid at the next one.
    private static CookieContainer Keep(Uri address, CookieCollection? cookies)
    {
        var container = new CookieContainer();
        foreach (var cookie in cookies ?? [])
        {
            container.Add(address, new Cookie(((Cookie)cookie).Name, ((Cookie)cookie).Value));
        }

        return container;
    }

    private sealed class Retrying(Visitor visitor) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var begun = Stopwatch.GetTimestamp();
            while (true)
            {
                var isLate = Stopwatch.GetElapsedTime(begun) > RetryTime;
                try
                {
                    var answer = await base.SendAsync(request, cancellationToken);
                    if (isLate || answer.StatusCode < HttpStatusCode.InternalServerError)
                    {
                        return answer;
                    }

                    answer.Dispose();
                }
                catch (HttpRequestException) when (!isLate)
                {
                    // The app is restarting.
                }

                visitor.Failures++;
                await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
            }
        }
    }
}
