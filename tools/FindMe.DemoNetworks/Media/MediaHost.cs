using System.Collections.Concurrent;

namespace FindMe.DemoNetworks.Media;

/// <summary>Serves the networks' pictures in all their sizes, with well-behaved or hostile responses.</summary>
public sealed class MediaHost : IAsyncDisposable
{
    // Longer than the timeout of any client.
    private static readonly TimeSpan SlowByte = TimeSpan.FromSeconds(1);

    private const int OversizedBytes = 64 << 20;

    private readonly ConcurrentDictionary<string, Entry> _entries = [];
    private readonly ConcurrentDictionary<string, int> _fetches = [];
    private readonly Pictures _pictures;
    private readonly Func<Uri> _private;
    private WebApplication? _app;

    internal MediaHost(string? folder, Func<Uri> privateHost)
    {
        _pictures = new Pictures(folder);
        _private = privateHost;
    }

    /// <summary>Its address.</summary>
    public Uri Address { get; private set; } = new("http://127.0.0.1");

    /// <summary>Number of requests per path.</summary>
    public IReadOnlyDictionary<string, int> Fetches => _fetches;

    internal Pictures Pictures => _pictures;

    /// <summary>Stops listening.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }
    }

    internal async Task StartAsync(int port)
    {
        _app = LoopbackHost.Build(port);
        _app.MapGet("/{**path}", (string path, HttpContext context) => ServeAsync(path, context));
        Address = await LoopbackHost.StartAsync(_app);
    }

    /// <summary>Serves a picture.</summary>
    /// <param name="path">Its path, without a leading slash.</param>
    /// <param name="media">Its content and behaviour.</param>
    /// <param name="maxSide">Maximum length of its longer side, in pixels.</param>
    /// <param name="gone">Whether it is deleted: requests get 404.</param>
    /// <returns>Its address.</returns>
    internal string Offer(string path, ScenarioMedia media, int maxSide, bool gone = false)
    {
        _entries[path] = new Entry(media, maxSide, gone);
        return new Uri(Address, "/" + path).AbsoluteUri;
    }

    /// <summary>Serves the file of a video. The behaviour of its preview does not apply.</summary>
    /// <param name="path">Its path, without a leading slash.</param>
    /// <param name="media">The video.</param>
    /// <param name="gone">Whether it is deleted: requests get 404.</param>
    /// <returns>Its address, which returns 404 when the medium names no file.</returns>
    internal string OfferVideo(string path, ScenarioMedia media, bool gone = false)
    {
        _entries[path] = new Entry(media with { Behaviour = MediaBehaviour.Serve }, 0, gone || media.Video is null) { IsVideo = true };
        return new Uri(Address, "/" + path).AbsoluteUri;
    }

    /// <summary>Serves an account's avatar.</summary>
    internal string OfferAvatar(string path, ScenarioAccount account, int maxSide) =>
        Offer(path, new ScenarioMedia { Picture = account.Avatar ?? "mosaic/0" }, maxSide);

    private async Task ServeAsync(string path, HttpContext context)
    {
        var fetch = _fetches.AddOrUpdate(path, 1, (_, before) => before + 1);
        // X also serves photos without extension, with the format in the query: ?format=jpg&name=large.
        if (!_entries.TryGetValue(path, out var entry) && !_entries.TryGetValue($"{path}.{context.Request.Query["format"]}", out entry))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        await ServeAsync(entry, fetch, context);
    }

    private async Task ServeAsync(Entry entry, int fetch, HttpContext context)
    {
        var (media, response) = (entry.Media, context.Response);
        var behaviour = entry.Gone ? MediaBehaviour.Missing : media.Behaviour;
        var bytes = behaviour is MediaBehaviour.Missing or MediaBehaviour.RedirectToPrivate or MediaBehaviour.Oversized
            ? []
            : entry.IsVideo ? await Films.ReadAsync(media.Video!)
            : await Task.Run(() => _pictures.Encode(media.Picture, media.Format, SideOf(context.Request, entry.MaxSide)));
        if (bytes is null)
        {
            response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        response.ContentType = behaviour == MediaBehaviour.WrongContentType ? "text/html" : entry.IsVideo ? "video/mp4" : $"image/{(media.Format == "jpg" ? "jpeg" : media.Format)}";
        switch (behaviour)
        {
            case MediaBehaviour.Missing:
                response.StatusCode = StatusCodes.Status404NotFound;
                return;
            case MediaBehaviour.FailsOnce when fetch == 1:
                response.StatusCode = StatusCodes.Status500InternalServerError;
                return;
            case MediaBehaviour.RedirectToPrivate:
                response.Redirect(new Uri(_private(), "/latest/meta-data/").AbsoluteUri);
                return;
            case MediaBehaviour.Corrupt:
                await response.BodyWriter.WriteAsync(bytes.AsMemory(0, bytes.Length / 2), context.RequestAborted);
                return;
            case MediaBehaviour.Slow:
            case MediaBehaviour.SlowOnce when fetch == 1:
                await SendSlowlyAsync(bytes, context);
                return;
            case MediaBehaviour.Oversized:
                await SendMuchAsync(context);
                return;
            default:
                response.ContentLength = bytes.Length;
                await response.BodyWriter.WriteAsync(bytes, context.RequestAborted);
                return;
        }
    }

    // X's sizes, from its docs of the media object and photo sizes. The default is medium.
    private static int SideOf(HttpRequest request, int maxSide) => request.Query["name"].ToString() switch
    {
        "thumb" => 150,
        "small" => 680,
        "medium" => 1200,
        "large" => 2048,
        "4096x4096" => 4096,
        "orig" => int.MaxValue,
        _ => maxSide,
    };

    private static async Task SendSlowlyAsync(byte[] bytes, HttpContext context)
    {
        try
        {
            foreach (var value in bytes)
            {
                await context.Response.Body.WriteAsync(new[] { value }, context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
                await Task.Delay(SlowByte, context.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
            // The client has disconnected.
        }
    }

    private static async Task SendMuchAsync(HttpContext context)
    {
        var chunk = new byte[1 << 20];
        for (var sent = 0; sent < OversizedBytes && !context.RequestAborted.IsCancellationRequested; sent += chunk.Length)
        {
            await context.Response.Body.WriteAsync(chunk, CancellationToken.None);
        }
    }

    private sealed record Entry(ScenarioMedia Media, int MaxSide, bool Gone)
    {
        public bool IsVideo { get; init; }
    }
}
