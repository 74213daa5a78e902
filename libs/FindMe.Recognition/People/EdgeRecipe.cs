using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>What another program must know to find and name faces as the engine does: the engine's own constants, for the page <c>/edge</c>.</summary>
/// <param name="Identity">The <see cref="FaceEngine.Recipe"/>, which the exported people must have been learnt with.</param>
/// <param name="Photo">What a photo may be, and the size it is looked at.</param>
/// <param name="Detection">A picture → boxes.</param>
/// <param name="Landmarks">A box → 68 points.</param>
/// <param name="Upright">What a face that stands upright is told by.</param>
/// <param name="Alignment">The points → the chip that the exported people take.</param>
/// <param name="Naming">The chip → a name.</param>
public sealed record EdgeRecipe(
    string Identity,
    EdgeRecipe.PhotoLimits Photo,
    EdgeRecipe.DetectionSteps Detection,
    EdgeRecipe.LandmarkSteps Landmarks,
    EdgeRecipe.UprightFace Upright,
    EdgeRecipe.ChipAlignment Alignment,
    EdgeRecipe.NamingRule Naming)
{
    /// <summary>The recipe of an engine.</summary>
    /// <param name="engine">The engine.</param>
    /// <returns>Null where its faces are found as face-api.js does, which exists for comparisons alone.</returns>
    public static EdgeRecipe? Of(FaceEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        var recipe = engine.RecognitionRecipe;
        return recipe.IsFaceApi
            ? null
            : new EdgeRecipe(
                engine.Recipe,
                new PhotoLimits(engine.Options.MaxPhotoBytes, engine.Options.MaxPhotoPixels, FaceEngine.WorkingSide, FaceEngine.SmallestSide),
                DescribeDetection(),
                new LandmarkSteps(
                    LandmarkDetection.Input,
                    LandmarkDetection.Output,
                    Faces.Landmarks.Count,
                    LandmarkDetection.Side,
                    new Point(LandmarkDetection.UprightCentre.X, LandmarkDetection.UprightCentre.Y),
                    LandmarkDetection.UprightSide),
                new UprightFace(
                    Describe(FaceAlignment.FivePoints),
                    FaceEngine.UprightMisfit,
                    FaceDetection.RotatedMinScore,
                    FaceEngine.SureUprightScore,
                    Indices(Faces.Landmarks.LeftEyePoints),
                    Indices(Faces.Landmarks.RightEyePoints)),
                Describe(new FaceAlignment(recipe.Alignment.Points, recipe.Input.Side)),
                new NamingRule(PeopleExport.Input, PeopleExport.Probabilities, PeopleModel.LeastProbability, PeopleFolder.Unknown));
    }

    /// <summary>Files of the models that find faces, in the folder of models.</summary>
    /// <param name="engine">The engine.</param>
    /// <returns>Full paths.</returns>
    public static (string Detector, string Landmarks) ModelFiles(FaceEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        var folder = ModelFolder.Find(engine.Options.ModelsPath);
        return (Path.Combine(folder, FaceDetection.FileOf(engine.RecognitionRecipe.Detection)), Path.Combine(folder, LandmarkDetection.File));
    }

    /// <summary>Folder of ONNX Runtime for browsers, in the folder of models.</summary>
    /// <param name="engine">The engine.</param>
    /// <returns>A full path.</returns>
    public static string RuntimeFolder(FaceEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        return Path.Combine(ModelFolder.Find(engine.Options.ModelsPath), "onnxruntime-web");
    }

    private static DetectionSteps DescribeDetection() => new(
        SsdModel.Input,
        SsdModel.Boxes,
        SsdModel.Scores,
        [.. FaceDetection.Passes.Select(pass => new DetectionPass(pass.Side, pass.AtLeast, pass.MinSize, float.IsFinite(pass.MaxSize) ? pass.MaxSize : null, pass.Margin))],
        FaceDetection.RotatedPasses,
        FaceDetection.MinScore,
        FaceDetection.RotatedMinScore,
        FaceDetection.SameFaceOverlap,
        FaceDetection.InsideShare,
        FaceDetection.MaxFaces,
        FaceDetection.MaxPixelsAtOnce,
        FaceDetection.StripOverlap,
        FaceDetection.SideMultiple,
        new SecondLook(
            FaceDetection.SureScore, FaceDetection.SecondScore, FaceDetection.SmallFace, FaceDetection.ClosePortrait, FaceDetection.SecondLookShare, FaceDetection.SecondLookSide),
        SsdModel.FirstStride,
        SsdModel.CentreVariance,
        SsdModel.SizeVariance,
        [.. SsdModel.Anchors.Select(layer => layer.Select(anchor => new Anchor(anchor.Height, anchor.Width)).ToArray())]);

    private static ChipAlignment Describe(FaceAlignment alignment) => new(
        alignment.Side, FaceAlignment.MaxSamples, [.. alignment.Template.Select(point => new AlignmentPoint(point.Landmarks, point.X, point.Y))]);

    private static int[] Indices((int From, int To) points) => [.. Enumerable.Range(points.From, points.To - points.From)];

    /// <summary>What a photo may be.</summary>
    /// <param name="MaxBytes">Largest file.</param>
    /// <param name="MaxPixels">Most pixels, width × height.</param>
    /// <param name="WorkingSide">Longest side at which it is looked at.</param>
    /// <param name="SmallestSide">A picture with a shorter side shows nobody.</param>
    public sealed record PhotoLimits(int MaxBytes, int MaxPixels, int WorkingSide, int SmallestSide);

    /// <summary>How faces are found. The input's planes are red, green, blue, 0 to 255.</summary>
    /// <param name="Input">Name of the model's input.</param>
    /// <param name="Boxes">Name of the output of encoded boxes.</param>
    /// <param name="Scores">Name of the output of scores.</param>
    /// <param name="Passes">The searches, coarsest first.</param>
    /// <param name="TurnedPasses">How many of them a picture is searched by that was turned by a guess.</param>
    /// <param name="MinScore">Least score of a face.</param>
    /// <param name="TurnedMinScore">The same in a turned picture.</param>
    /// <param name="SameFaceOverlap">Two boxes that share more of their union are one face.</param>
    /// <param name="InsideShare">So are two of which one lies that deep in the other.</param>
    /// <param name="MaxFaces">Most faces of a photo.</param>
    /// <param name="MaxPixelsAtOnce">Pixels of an input, beyond which it is searched in strips.</param>
    /// <param name="StripOverlap">Rows that two strips share.</param>
    /// <param name="SideMultiple">What the input's sides are multiples of.</param>
    /// <param name="SecondLook">How doubtful faces are looked at again.</param>
    /// <param name="FirstStride">Pixels of a cell of the first map; each further map has cells of twice the size.</param>
    /// <param name="CentreVariance">What encoded centroids are divided by.</param>
    /// <param name="SizeVariance">What encoded sizes are divided by.</param>
    /// <param name="Anchors">The boxes of each map's cells.</param>
    public sealed record DetectionSteps(
        string Input,
        string Boxes,
        string Scores,
        IReadOnlyList<DetectionPass> Passes,
        int TurnedPasses,
        float MinScore,
        float TurnedMinScore,
        float SameFaceOverlap,
        float InsideShare,
        int MaxFaces,
        int MaxPixelsAtOnce,
        int StripOverlap,
        int SideMultiple,
        SecondLook SecondLook,
        int FirstStride,
        float CentreVariance,
        float SizeVariance,
        IReadOnlyList<Anchor[]> Anchors);

    /// <summary>One search of the picture.</summary>
    /// <param name="Side">Longest side it is brought to.</param>
    /// <param name="AtLeast">Least long side of a picture for which it is made.</param>
    /// <param name="MinSize">Least longer side of a box that it answers for, in its pixels.</param>
    /// <param name="MaxSize">The largest; null: any.</param>
    /// <param name="Margin">Black pixels around the picture.</param>
    public sealed record DetectionPass(int Side, int AtLeast, float MinSize, float? MaxSize, int Margin);

    /// <summary>When a face is doubtful, and what it must score when it is looked at alone.</summary>
    /// <param name="SureScore">A face that scores as much is not doubtful.</param>
    /// <param name="MinScore">What it must score.</param>
    /// <param name="SmallFace">Faces of a shorter longer side are not looked at again.</param>
    /// <param name="ClosePortrait">Nor is what fills more of the picture.</param>
    /// <param name="Share">How much of the face's longer side is shown.</param>
    /// <param name="Side">In a square of so many pixels.</param>
    public sealed record SecondLook(float SureScore, float MinScore, float SmallFace, float ClosePortrait, float Share, int Side);

    /// <summary>A box that the network's answer is relative to, in pixels of its input.</summary>
    /// <param name="Height">Its height.</param>
    /// <param name="Width">Its width.</param>
    public sealed record Anchor(float Height, float Width);

    /// <summary>How the points of a face are found: in its box, then in an upright square around it. Planes as for the detector.</summary>
    /// <param name="Input">Name of the model's input.</param>
    /// <param name="Output">Name of its output.</param>
    /// <param name="Count">Points.</param>
    /// <param name="Side">Side of the input.</param>
    /// <param name="UprightCentre">Middle of the second square in the chip of <see cref="Upright"/>.</param>
    /// <param name="UprightSide">Its side there.</param>
    public sealed record LandmarkSteps(string Input, string Output, int Count, int Side, Point UprightCentre, float UprightSide);

    /// <summary>When a face stands upright: where none surely does, the photo is turned.</summary>
    /// <param name="Alignment">The chip it is judged by.</param>
    /// <param name="MaxMisfit">Largest root mean square by which its points miss their places there.</param>
    /// <param name="MinScore">Least score.</param>
    /// <param name="SureScore">From this score on nothing is turned.</param>
    /// <param name="LeftEye">The points of the eye at the left.</param>
    /// <param name="RightEye">The points of the eye at the right.</param>
    public sealed record UprightFace(ChipAlignment Alignment, float MaxMisfit, float MinScore, float SureScore, IReadOnlyList<int> LeftEye, IReadOnlyList<int> RightEye);

    /// <summary>Where points come to lie in a chip.</summary>
    /// <param name="Side">Side of the chip.</param>
    /// <param name="MaxSamples">Most samples of a pixel along each axis.</param>
    /// <param name="Points">The points and their places.</param>
    public sealed record ChipAlignment(int Side, int MaxSamples, IReadOnlyList<AlignmentPoint> Points);

    /// <summary>The mean of some landmarks, and its place.</summary>
    /// <param name="Landmarks">Their indices.</param>
    /// <param name="X">Pixels from the left.</param>
    /// <param name="Y">Pixels from above.</param>
    public sealed record AlignmentPoint(IReadOnlyList<int> Landmarks, float X, float Y);

    /// <summary>A place in a chip.</summary>
    /// <param name="X">Pixels from the left.</param>
    /// <param name="Y">Pixels from above.</param>
    public sealed record Point(float X, float Y);

    /// <summary>How the exported people are asked.</summary>
    /// <param name="Input">Name of the input: a chip of <see cref="Alignment"/>, red, green, blue, 0 to 255.</param>
    /// <param name="Probabilities">Name of the output: a probability for each person, and for a stranger last.</param>
    /// <param name="LeastProbability">A face is somebody's with as much.</param>
    /// <param name="Unknown">What it is called otherwise.</param>
    public sealed record NamingRule(string Input, string Probabilities, float LeastProbability, string Unknown);
}
