using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace FindMe.Recognition.Tests;

public sealed class VisionLimitsTests(VisionProcess shared)
{
    [Fact]
    public async Task A_busy_service_still_serves_pages_and_rejects_requests_with_Retry_After()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var vision = await StartedVision.StartAsync(["Vision:RequestsAtOnce=1", "Vision:RequestsWaiting=0"]);
        using var body = new SlowBody();
        using var slow = new HttpRequestMessage(HttpMethod.Post, "/faces/train") { Content = body, Headers = { ExpectContinue = true } };
        var slowAnswer = vision.Http.SendAsync(slow, cancellationToken);
        await body.Started.WaitAsync(cancellationToken);

        using var refused = await vision.Http.PostAsync("/classify", StartedVision.Jpeg([]), cancellationToken);
        using var lambda = await vision.Http.PostAsJsonAsync("/aws-lambda-face/recognize_face", new JsonObject(), cancellationToken);
        foreach (var path in (string[])["/edge", "/edge/js/worker.js", "/edge/recipe.json", "/edge/nowhere", "/healthz"])
        {
            using var answer = await vision.Http.GetAsync(path, cancellationToken);
            Assert.Equal(path == "/edge/nowhere" ? HttpStatusCode.NotFound : HttpStatusCode.OK, answer.StatusCode);
        }

        Assert.Equal(TimeSpan.FromSeconds(5), refused.Headers.RetryAfter?.Delta);
        Assert.Equal("too-busy", (await refused.Content.ReadFromJsonAsync<JsonNode>(cancellationToken))!["type"]!.GetValue<string>());
        Assert.StartsWith("Too many requests are waiting.", await ErrorAsync(lambda), StringComparison.Ordinal);
        body.End();
        using var late = await slowAnswer;
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, late.StatusCode);
    }

    [Fact]
    public async Task All_errors_reach_AWSLambdaFace_clients_in_its_format()
    {
        using var announced = new ByteArrayContent(new byte[VisionProcess.MaxBodyBytes + 1]) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };

        using var tooLarge = await shared.Http.PostAsync("/aws-lambda-face/prepare-face-recognizer", announced, TestContext.Current.CancellationToken);
        var broken = await SendBrokenChunkAsync("/aws-lambda-face/recognize_face");

        Assert.StartsWith("The request is too large.", await ErrorAsync(tooLarge), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 OK", broken, StringComparison.Ordinal);
        Assert.Contains("{\"error\":\"The request is malformed", broken, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_internal_error_is_logged_and_reaches_AWSLambdaFace_clients_in_its_format()
    {
        // The heap limit is far below the size of the body.
        await using var vision = await StartedVision.StartAsync(["Vision:MaxBodyBytes=200000000"], ("DOTNET_GCHeapHardLimit", "0x6000000"));
        using var huge = new ByteArrayContent(new byte[150_000_000]) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };

        using var answer = await vision.Http.PostAsync("/aws-lambda-face/recognize_face", huge, TestContext.Current.CancellationToken);

        Assert.Equal("The service failed. Try again; if that does not help, ask the operator.", await ErrorAsync(answer));
        await vision.LogsAsync("OutOfMemoryException");
    }

    private static async Task<string> ErrorAsync(HttpResponseMessage answer)
    {
        var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, body);
        var (name, value) = Assert.Single(JsonNode.Parse(body)!.AsObject());
        Assert.Equal("error", name);
        return value!.GetValue<string>();
    }

    private async Task<string> SendBrokenChunkAsync(string path)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(shared.Http.BaseAddress!.Host, shared.Http.BaseAddress.Port, TestContext.Current.CancellationToken);
        await using var stream = client.GetStream();
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes($"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nno length\r\n"),
            TestContext.Current.CancellationToken);
        using var answer = new StreamReader(stream);
        return await answer.ReadToEndAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>A body that the server requests once it has admitted the request, and that ends when the test calls <see cref="End"/>.</summary>
    private sealed class SlowBody : HttpContent
    {
        private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public SlowBody() => Headers.ContentType = new MediaTypeHeaderValue("image/jpeg");

        public Task Started => _started.Task;

        public void End() => _end.SetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            _started.SetResult();
            await _end.Task;
            await stream.WriteAsync("no picture"u8.ToArray());
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
