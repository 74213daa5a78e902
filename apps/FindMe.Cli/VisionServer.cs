using System.CommandLine;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using FindMe.Recognition;

namespace FindMe.Cli;

/// <summary>A remote FindMe.Vision that does the work instead of this machine.</summary>
internal sealed class VisionServer
{
    // Timeout for one photo, including a cold start.
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    // The vectors of a face take 150 kB.
    private const int MaxAnswerBytes = 10_000_000;

    private readonly Option<string?> _address = new("--server")
    {
        Description = "Use the FindMe.Vision at this address; photos and vectors are sent there.",
        HelpName = "URL",
    };

    private readonly Lazy<HttpClient> _http = new(() => new HttpClient { Timeout = Timeout, MaxResponseContentBufferSize = MaxAnswerBytes });

    /// <summary>Adds the option to a command.</summary>
    public void AddTo(Command command) => command.Options.Add(_address);

    /// <summary>Whether the option was given.</summary>
    public bool IsWanted(ParseResult parsed) => parsed.GetValue(_address) is not null;

    /// <summary>Trains on the server.</summary>
    /// <exception cref="CommandException">The server does not accept the photo.</exception>
    /// <exception cref="HttpRequestException">It cannot be reached, or is not FindMe.Vision.</exception>
    public async Task<FaceVectors> TrainAsync(ParseResult parsed, byte[] photo, string path, int? face, int seed, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, AddressOf(parsed, face is null ? $"faces/train?seed={seed}" : $"faces/train?seed={seed}&face={face}"));
        request.Headers.Accept.ParseAdd("text/csv");
        request.Content = new ByteArrayContent(photo) { Headers = { ContentType = new MediaTypeHeaderValue("application/octet-stream") } };
        using var answer = await SendAsync(request, cancellationToken);
        if (!answer.IsSuccessStatusCode)
        {
            throw new CommandException($"{path}: {(await ReadExceptionAsync(answer, cancellationToken)).Message}");
        }

        try
        {
            return FaceVectors.FromCsv(await answer.Content.ReadAsStringAsync(cancellationToken)) is { Recipe: not null } vectors ? vectors : throw NoVision(answer);
        }
        catch (FaceVectorsException)
        {
            throw NoVision(answer);
        }
    }

    /// <summary>Recognizes on the server.</summary>
    /// <exception cref="CommandException">The server does not accept the photo.</exception>
    /// <exception cref="FaceVectorsException">It does not accept the vectors.</exception>
    /// <exception cref="HttpRequestException">It cannot be reached, or is not FindMe.Vision.</exception>
    public async Task<RecognizedPhoto> RecognizeAsync(
        ParseResult parsed, string vectors, string? background, byte[] photo, CancellationToken cancellationToken)
    {
        using var form = new MultipartFormDataContent { { new StringContent(vectors, Encoding.UTF8, "text/csv"), "vectors", "person.csv" } };
        if (background is not null)
        {
            form.Add(new StringContent(background, Encoding.UTF8, "text/csv"), "background", "background.csv");
        }

        // A neutral name: the server does not need the name of the local file.
        form.Add(new ByteArrayContent(photo), "image", "image");
        using var request = new HttpRequestMessage(HttpMethod.Post, AddressOf(parsed, "faces/recognize")) { Content = form };
        using var answer = await SendAsync(request, cancellationToken);
        if (!answer.IsSuccessStatusCode)
        {
            throw await ReadExceptionAsync(answer, cancellationToken);
        }

        try
        {
            return await answer.Content.ReadFromJsonAsync(RecognizeJson.Default.RecognizedPhoto, cancellationToken) is { Present: not null, Faces: not null } recognized ? recognized : throw NoVision(answer);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw NoVision(answer);
        }
    }

    private Uri AddressOf(ParseResult parsed, string path) =>
        Uri.TryCreate(parsed.GetRequiredValue(_address)!.TrimEnd('/') + "/" + path, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address
            : throw new CommandException("--server must be an address such as http://localhost:5104.");

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // A photo that the server refuses because of its size is not sent at all, and the server's error can be read.
        request.Headers.ExpectContinue = true;
        try
        {
            return await _http.Value.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException exception)
        {
            throw new HttpRequestException($"Could not reach the server {request.RequestUri!.GetLeftPart(UriPartial.Authority)}: {exception.Message}");
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException($"The server {request.RequestUri!.GetLeftPart(UriPartial.Authority)} did not respond within {Timeout.TotalMinutes:0} minutes.");
        }
    }

    // A problem with the vectors affects every photo.
    private static async Task<Exception> ReadExceptionAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        try
        {
            return await answer.Content.ReadFromJsonAsync(VisionProblemJson.Default.VisionProblem, cancellationToken) switch
            {
                { Type: "unusable-vectors" or "no-vectors", Title: { } title } problem => new FaceVectorsException($"{title} {problem.Detail}"),
                { Title: { Length: > 0 } title } problem => new CommandException($"{title} {problem.Detail}".Replace("?face=", "--face", StringComparison.Ordinal)),
                _ => new CommandException($"the server returned {(int)answer.StatusCode}."),
            };
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return new CommandException($"the server returned {(int)answer.StatusCode}; is it FindMe.Vision?");
        }
    }

    // A different server at that address could answer anything.
    private static HttpRequestException NoVision(HttpResponseMessage answer) =>
        new($"The server {answer.RequestMessage!.RequestUri!.GetLeftPart(UriPartial.Authority)} responds, but not like FindMe.Vision: check --server.");
}

/// <summary>An error of the server, as in RFC 9457.</summary>
internal sealed record VisionProblem(string? Type, string? Title, string? Detail);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(VisionProblem))]
internal sealed partial class VisionProblemJson : JsonSerializerContext;
