using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FindMe.Apps.Tests.Hosting;

/// <summary>A collector of OpenTelemetry: takes what the apps send by OTLP over HTTP, and reads as much of the protobuf as the tests ask for.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Span> _spans = new();
    private readonly ConcurrentQueue<byte[]> _metrics = new();
    private readonly ConcurrentQueue<byte[]> _logs = new();

    private OtlpReceiver(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.Single());

    public IReadOnlyList<Span> Spans => [.. _spans];

    /// <summary>Everything that came, as far as it is text.</summary>
    public string Text => string.Concat(_metrics.Concat(_logs).Select(Encoding.UTF8.GetString)) + string.Join('\n', _spans.Select(span => span.Text));

    /// <summary>The metrics' bytes as text: names and labels can be read in them.</summary>
    public string Metrics => string.Concat(_metrics.Select(Encoding.UTF8.GetString));

    public static async Task<OtlpReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var receiver = new OtlpReceiver(builder.Build());
        receiver._app.MapPost("/v1/traces", (HttpRequest request) => receiver.ReadAsync(request, bytes => receiver.AddSpans(bytes)));
        receiver._app.MapPost("/v1/metrics", (HttpRequest request) => receiver.ReadAsync(request, receiver._metrics.Enqueue));
        receiver._app.MapPost("/v1/logs", (HttpRequest request) => receiver.ReadAsync(request, receiver._logs.Enqueue));
        await receiver._app.StartAsync();
        return receiver;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task ReadAsync(HttpRequest request, Action<byte[]> take)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        take(body.ToArray());
    }

    // opentelemetry/proto/collector/trace/v1/trace_service.proto and trace/v1/trace.proto: the fields' numbers.
    private void AddSpans(byte[] bytes)
    {
        foreach (var resourceSpans in Fields(bytes, 1))
        {
            var service = Fields(resourceSpans, 1)
                .SelectMany(resource => Fields(resource, 1))
                .Where(attribute => Encoding.UTF8.GetString(Fields(attribute, 1).First()) == "service.name")
                .Select(attribute => Encoding.UTF8.GetString(Fields(Fields(attribute, 2).First(), 1).First()))
                .Single();
            foreach (var span in Fields(resourceSpans, 2).SelectMany(scope => Fields(scope, 2)))
            {
                _spans.Enqueue(new Span(
                    service,
                    Encoding.UTF8.GetString(Fields(span, 5).First()),
                    Convert.ToHexStringLower(Fields(span, 1).First()),
                    Encoding.UTF8.GetString(span)));
            }
        }
    }

    /// <summary>The length-delimited fields of a protobuf message that have this number.</summary>
    private static IEnumerable<byte[]> Fields(byte[] message, int number)
    {
        var at = 0;
        while (at < message.Length)
        {
            var tag = Varint();
            switch (tag & 7)
            {
                case 0:
                    Varint();
                    break;
                case 1:
                    at += 8;
                    break;
                case 2:
                    var length = (int)Varint();
                    if ((int)(tag >> 3) == number)
                    {
                        yield return message[at..(at + length)];
                    }

                    at += length;
                    break;
                default:
                    at += 4;
                    break;
            }
        }

        ulong Varint()
        {
            ulong value = 0;
            for (var shift = 0; ; shift += 7)
            {
                var next = message[at++];
                value |= (ulong)(next & 0x7F) << shift;
                if (next < 0x80)
                {
                    return value;
                }
            }
        }
    }

    /// <summary>One span: the app it is from, its name, its trace, and its bytes as text.</summary>
    internal sealed record Span(string Service, string Name, string Trace, string Text);
}
