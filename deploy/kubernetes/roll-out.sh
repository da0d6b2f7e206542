#!/usr/bin/env bash
# Applies an overlay and replaces the services one after the other, whoever understands something new before whoever sends it.
#   deploy/kubernetes/roll-out.sh deploy/kubernetes/overlays/production [NAMESPACE]
# A service that does not get ready within ten minutes is rolled back and ends the roll-out: those before it run the new
# release, those behind it the old one, and both work together. docs/runbooks/deploy.md says more.
set -euo pipefail
overlay=${1:?the folder of the overlay}
namespace=${2:-studio}

kubectl apply -k "$overlay" --selector 'app.kubernetes.io/component!=service'
for service in postprocess predictor stencil reconciler gateway; do
    kubectl apply -k "$overlay" --selector "app.kubernetes.io/component=service,app.kubernetes.io/name=$service"
    if ! kubectl -n "$namespace" rollout status "deployment/$service" --timeout=10m; then
        kubectl -n "$namespace" rollout undo "deployment/$service"
        echo "$service did not get ready and runs its former release again: see docs/runbooks/roll-back.md" >&2
        exit 1
    fi
done
