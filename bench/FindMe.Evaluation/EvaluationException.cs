namespace FindMe.Evaluation;

/// <summary>The evaluation failed. The message is one line with the file and the problem.</summary>
internal sealed class EvaluationException(string message) : Exception(message);
