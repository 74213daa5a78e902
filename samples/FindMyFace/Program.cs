using FindMe.Faces;

using var engine = await FaceEngine.LoadAsync();
var selfie = await engine.AnalyzeReferenceAsync(File.ReadAllBytes(args[0]), face: args.Length > 2 ? int.Parse(args[2]) : null);
var me = selfie.Embedding ?? throw new ArgumentException($"{args[0]}: {selfie.Problem}");
foreach (var path in Directory.GetFiles(args[1], "*.jpg").Order())
{
    using var file = File.OpenRead(path);
    var photo = await engine.AnalyzeAsync(file);
    var verdict = engine.Compare(photo, [me]);
    if (verdict.Kind == MatchKind.Match)
    {
        Console.WriteLine($"{path}: {verdict.Confidence:P1} sure, {photo.Faces.Count} faces");
    }
}
