using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace FindMe.Load;

/// <summary>A person with a browser of their own, over REST. What answers 5xx or breaks off is asked again, as a person would.</summary>
internal sealed class Person(Uri address) : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = 1000 })
    {
        BaseAddress = address,
        Timeout = TimeSpan.FromSeconds(100),
    };

    /// <summary>How many requests were answered 5xx or broke off.</summary>
    public int Failures { get; private set; }

    public HttpClient Http => _http;

    /// <summary>Agrees and shows the leftmost face of a photo.</summary>
    public async Task ShowAsync(byte[] photo)
    {
        var consent = await GetAsync("/api/consent");
        using var agreed = await SendAsync(HttpMethod.Post, "/api/consent", () => JsonContent.Create(new { version = consent["version"]!.GetValue<string>() }));
        agreed.EnsureSuccessStatusCode();
        using var shown = await SendAsync(HttpMethod.Post, "/api/references", () =>
        {
            var content = new ByteArrayContent(photo);
            content.Headers.ContentType = new MediaTypeHeaderValue("image/jpeg");
            return new MultipartFormDataContent { { content, "photo", "me.jpg" }, { new StringContent("0"), "face" } };
        });
        shown.EnsureSuccessStatusCode();
    }

    /// <summary>Begins a search of an album.</summary>
    public Task<string> SearchAsync(string album) => SearchAsync(new { source = "album", query = album });

    /// <summary>Begins a search.</summary>
    public async Task<string> SearchAsync(object wish)
    {
        using var begun = await SendAsync(HttpMethod.Post, "/api/searches", () => JsonContent.Create(wish));
        begun.EnsureSuccessStatusCode();
        return (await begun.Content.ReadFromJsonAsync<JsonNode>())!["id"]!.GetValue<string>();
    }

    /// <summary>Asks until the search has ended.</summary>
    /// <exception cref="TimeoutException">It has not, in time.</exception>
    public async Task<JsonNode> UntilEndedAsync(string search, TimeSpan atMost, TimeSpan? every = null)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var view = await GetAsync($"/api/searches/{search}");
            if (view["status"]!.GetValue<string>() is "finished" or "failed" or "cancelled")
            {
                return view;
            }

            if (watch.Elapsed > atMost)
            {
                throw new TimeoutException($"After {atMost.TotalSeconds:0} s the search stands at {view["status"]} {view["photos"]?.ToJsonString()}.");
            }

            await Task.Delay(every ?? TimeSpan.FromMilliseconds(200));
        }
    }

    public async Task<JsonNode> GetAsync(string path)
    {
        using var answer = await SendAsync(HttpMethod.Get, path, () => null);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<JsonNode>())!;
    }

    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, Func<HttpContent?> content)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            using var request = new HttpRequestMessage(method, path) { Content = content() };
            try
            {
                var answer = await _http.SendAsync(request);
                if (answer.StatusCode < HttpStatusCode.InternalServerError || watch.Elapsed > Timeout)
                {
                    return answer;
                }

                answer.Dispose();
            }
            catch (HttpRequestException) when (watch.Elapsed < Timeout)
            {
                // The app is being started again.
            }

            Failures++;
            await Task.Delay(100);
        }
    }
}
