using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using FindMe.Faces;
using FindMe.Recognition;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FindMe.Vision;

/// <summary>Compatible with AWSLambdaFace (github.com/excamera/AWSLambdaFace): its clients only need to change the address.</summary>
/// <remarks>
/// As in the original, every error is <c>{"error": …}</c> with status 200, and the CSV has no header. So the CSV does not name its model: only the
/// length reveals vectors of another one. Clients that may change models should use /faces.
/// </remarks>
internal static class AwsLambdaFace
{
    private const string Root = "/aws-lambda-face";

    public static void MapAwsLambdaFace(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup(Root).WithTags("AWSLambdaFace");
        group.MapPost("/prepare-face-recognizer", PrepareAsync)
            .AcceptsTexts(("base64_image", "The picture in base64."))
            .WithExample(async examples => new JsonObject { ["base64_image"] = await examples.PictureAsync() })
            .Returns<PrepareAnswer, ErrorAnswer>()
            .WithSummary("Returns the vectors of the only face on a picture, as CSV.");
        group.MapPost("/recognize_face", RecognizeAsync)
            .AcceptsTexts(("base64_image", "The picture in base64."), ("query_facevectors", "The response of prepare-face-recognizer, in base64."))
            .WithExample(async examples => await examples.CsvAsync() is { } csv ? new JsonObject { ["base64_image"] = await examples.PictureAsync(), ["query_facevectors"] = csv } : null)
            .Returns<RecognizeAnswer, ErrorAnswer>()
            .WithSummary("Tells whether a picture shows the face of the vectors: \"True\" or \"False\".");
    }

    /// <summary>Whether a request uses these payloads.</summary>
    public static bool Handles(HttpRequest request) => request.Path.StartsWithSegments(Root);

    /// <summary>Responds with an error.</summary>
    public static Task AnswerAsync(HttpContext context, RequestException error) =>
        TypedResults.Ok(new ErrorAnswer($"{error.Message} {error.Detail}")).ExecuteAsync(context);

    private static async Task<Ok<PrepareAnswer>> PrepareAsync(HttpContext context, Lazy<FaceEngine> engine, CancellationToken cancellationToken)
    {
        using var request = await RequestImages.ReadJsonAsync(context.Request, "base64_image", cancellationToken);
        var trained = await engine.Value.RunAsync(faces => FaceVectorTraining.Train(faces, request.Images[0], cancellationToken: cancellationToken), cancellationToken);
        return trained.Vectors is { } vectors
            ? TypedResults.Ok(new PrepareAnswer(vectors.ToCsv(comment: false)))
            : throw FaceVectorRoutes.ExceptionOf(trained.Analysis, null);
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
            : throw new RequestException(400, "no-vectors", "The member query_facevectors is missing or not base64.", "Send the CSV from prepare-face-recognizer, as base64.");

    internal sealed record PrepareAnswer([property: JsonPropertyName("facevectors")] string FaceVectors);

    internal sealed record RecognizeAnswer([property: JsonPropertyName("face_present")] string FacePresent);

    internal sealed record ErrorAnswer([property: JsonPropertyName("error")] string Error);
}
