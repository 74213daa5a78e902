using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using FindMe.Faces;
using FindMe.Recognition;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FindMe.Vision;

/// <summary>The payloads of AWSLambdaFace (github.com/excamera/AWSLambdaFace), so that its clients need another address and nothing else.</summary>
/// <remarks>
/// As there, an error is <c>{"error": …}</c> with 200, whatever failed and wherever, and the CSV has no header. So it cannot say what made
/// it: vectors of another model are told by their length alone. Whoever may change models uses /faces.
/// </remarks>
internal static class AwsLambdaFace
{
    private const string Root = "/aws-lambda-face";

    public static void MapAwsLambdaFace(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup(Root).WithTags("AWSLambdaFace");
        group.MapPost("/prepare-face-recognizer", PrepareAsync)
            .TakesTexts(("base64_image", "The picture in base64."))
            .WithExample(async examples => new JsonObject { ["base64_image"] = await examples.PictureAsync() })
            .Answers<PrepareAnswer, ErrorAnswer>()
            .WithSummary("The vectors of the one face on a picture, as CSV.");
        group.MapPost("/recognize_face", RecognizeAsync)
            .TakesTexts(("base64_image", "The picture in base64."), ("query_facevectors", "What prepare-face-recognizer answered, in base64."))
            .WithExample(async examples => await examples.CsvAsync() is { } csv ? new JsonObject { ["base64_image"] = await examples.PictureAsync(), ["query_facevectors"] = csv } : null)
            .Answers<RecognizeAnswer, ErrorAnswer>()
            .WithSummary("Whether a picture shows the face of the vectors: \"True\" or \"False\".");
    }

    /// <summary>Whether a request speaks these payloads.</summary>
    public static bool Owns(HttpRequest request) => request.Path.StartsWithSegments(Root);

    /// <summary>Answers with an error.</summary>
    public static Task AnswerAsync(HttpContext context, RequestException error) =>
        TypedResults.Ok(new ErrorAnswer($"{error.Message} {error.Detail}")).ExecuteAsync(context);

    private static async Task<Ok<PrepareAnswer>> PrepareAsync(HttpContext context, Lazy<FaceEngine> engine, CancellationToken cancellationToken)
    {
        using var request = await RequestImages.ReadJsonAsync(context.Request, "base64_image", cancellationToken);
        var trained = await engine.Value.RunAsync(faces => FaceVectorTraining.Train(faces, request.Images[0], cancellationToken: cancellationToken), cancellationToken);
        return trained.Vectors is { } vectors
            ? TypedResults.Ok(new PrepareAnswer(vectors.ToCsv(comment: false)))
            : throw FaceVectorRoutes.ExceptionOf(trained.Reading, null);
    }

    private static async Task<Ok<RecognizeAnswer>> RecognizeAsync(HttpContext context, Lazy<FaceEngine> engine, CancellationToken cancellationToken)
    {
        using var request = await RequestImages.ReadJsonAsync(context.Request, "base64_image", cancellationToken);
        var vectors = FaceVectors.FromCsv(ReadVectors(request.Json!.Value));
        var presence = await engine.Value.RunAsync(
            faces => new FaceVectorRecognition(faces, vectors, trustLength: true).Recognize(faces.Analyze(request.Images[0], cancellationToken)), cancellationToken);
        return TypedResults.Ok(new RecognizeAnswer(presence.Present ? "True" : "False"));
    }

    private static string ReadVectors(JsonElement body) =>
        body.TryGetProperty("query_facevectors", out var vectors) && vectors.ValueKind == JsonValueKind.String && vectors.TryGetBytesFromBase64(out var csv)
            ? Encoding.UTF8.GetString(csv)
            : throw new RequestException(400, "no-vectors", "The member query_facevectors is missing or no base64.", "Send the CSV of prepare-face-recognizer, as base64.");

    internal sealed record PrepareAnswer([property: JsonPropertyName("facevectors")] string FaceVectors);

    internal sealed record RecognizeAnswer([property: JsonPropertyName("face_present")] string FacePresent);

    internal sealed record ErrorAnswer([property: JsonPropertyName("error")] string Error);
}
